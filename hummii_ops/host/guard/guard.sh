# shellcheck shell=sh disable=SC2034,SC2154  # the files that are sourced share these names
# The guard of deploys: a script of the team's runs under the lease, with a restore point of what ran before it.
# Usage: sh guard.sh LIB PROJECT_DIR with-lease|touched|last-deploy|stop-deploy …
# It changes nothing of the stack itself. The script runs detached: a lost link does not end it half-way.
set -u
lib=$1 given_dir=$2
shift 2
asked_umask=$(umask) asked_here=$PWD asked_lc=${LC_ALL-unset} asked_path=$PATH
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export LC_ALL=C PATH
unset CDPATH IFS
. "$lib/guard/parts.sh"
. "$lib/guard/way_in.sh"

usage() {
    cat <<'EOF2'
The guard of deploys on this server: one at a time, never while it is held, and never without a way back.
  hummii-host with-lease [--version=V] [--result=FILE] [--wait=SECONDS] -- ./deploy.sh ARGUMENT…
      holds the lease while the script runs; what runs before it becomes a restore point, with a database backup
      --version=V      refused if V is marked bad              --despite-mark   go on although it is
      --wait=SECONDS   wait for whoever is at work             --result=FILE    one JSON line at the end, whatever the end
      --who=… --reason=…  kept with it                         --no-backup      without a backup of the database
      --no-restore-point  although what runs cannot be recorded; then there may be no way back
  hummii-host touched              said by the script itself: from here on the server is no longer as before
  hummii-host last-deploy [--wait=SECONDS]   the same JSON line again, also while it runs or after a lost link
  hummii-host stop-deploy [--reason=…]       end the script that runs, and wait until nothing of it is at work
each with --project-dir=DIR for another project of this server
exit codes: the script's own   2 wrong usage   3 refused: held, marked bad, or no restore point; the script did not run
            4 someone else is at work; the script did not run   8 left: the script goes on
EOF2
}
whole_number() { case $2 in '' | *[!0-9]* | ???????*) stop 2 "$1 is a number of seconds" 'hummii-host --help' ;; esac; } # FLAG VALUE
place_for() { # FILE: its absolute path; a result that could not be written would be found out too late
    case $1 in /*) result=$1 ;; *) result=$asked_here/$1 ;; esac
    if [ -d "$result" ] || [ ! -d "${result%/*}" ] || [ ! -w "${result%/*}" ]; then stop 2 "the result cannot be written to $result"; fi
    note result "$result"
    rm -f "$result" # one of an earlier deploy would tell lies about this one
}
asked() { # ARGUMENT…: of with-lease, up to the script's own words
    while [ $# -gt 0 ]; do
        case $1 in
            --) shift && break ;;
            --project-dir=*) ;;
            --version=*)
                version=${1#*=}
                could_name "$version" || stop 2 'letters, digits and . _ : + - (at most 128, a letter or digit first)' ;;
            --result=*) place_for "${1#*=}" ;;
            --wait=*) wait_s=${1#*=} && whole_number --wait "$wait_s" ;;
            --who=*) who=${1#*=} && check_reason "$who" ;;
            --reason=*) reason=${1#*=} && check_reason "$reason" ;;
            --no-backup) no_backup=yes ;;
            --no-restore-point) no_point=yes ;;
            --despite-mark) despite_mark=yes ;;
            --help) usage && exit ;;
            *) stop 2 "$(printf '%.60s' "$1" | tr -c '[:print:]' '?') is no flag of with-lease; the script comes after --" 'hummii-host --help' ;;
        esac
        shift
    done
    [ $# -gt 0 ] || stop 2 'there is no script to run: it comes after --' 'hummii-host with-lease -- ./deploy.sh'
    (cd "$asked_here" && PATH=$asked_path command -v "$1" >/dev/null) || stop 2 "there is no program $(printf '%.100s' "$1")"
    script_name=${1##*/} words=$#
}
with_lease() {
    wait_s=0 version='' result='' who=$(id -un)@$(uname -n) reason='' no_backup='' no_point='' despite_mark='' refusing=usage
    dir=$work
    asked "$@"
    while [ $# -gt "$words" ]; do shift; done
    run=$(date -u +%Y%m%dT%H%M%SZ)-deploy-$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
    note run "$run" version "$version" who "$who" reason "$reason" command "$script_name" since "$(date +%s%3N)" \
        no_backup "$no_backup" no_point "$no_point" umask "$asked_umask" here "$asked_here" lc "$asked_lc" path "$asked_path"
    refusing=cannot
    can_work
    come_in
    under_guard "$@"
}
under_guard() { # SCRIPT…: it and its guardian go on without us; we show what it says, and end as it ends
    dir=$home/deploys/$run
    { mkdir -p "$dir" && cp "$work/values" "$dir/values" && true >"$dir/output.log"; } || stop 3 "refused: no room or no right to write in $home" 'df -h'
    exec 6>>"$dir/guard.lock"
    flock 6 || stop 3 'refused: the lock of this deploy cannot be taken'
    setsid sh "$lib/guard/supervise.sh" "$lib" "$project_dir" "$run" -- "$@" </dev/null >>"$dir/output.log" 2>&1 &
    exec 6>&- 9>&-
    trap 'ask_to_stop "a signal to the guard"' INT TERM
    trap 'exit 8' HUP
    shown
    ended_as
}
ask_to_stop() { printf 'who=%s\nreason=%s\n' "$who" "$1" >"$dir/.stop" && ln "$dir/.stop" "$dir/stop" 2>/dev/null; }
shown() { # the script's output as it comes, until its guardian has gone
    seen=0 over=
    until [ -n "$over" ]; do
        guarded "$dir" || over=yes
        size=$(stat -c %s "$dir/output.log")
        [ "$size" = "$seen" ] || tail -c "+$((seen + 1))" "$dir/output.log" | head -c $((size - seen))
        seen=$size
        [ -n "$over" ] || sleep 0.2
    done
}
ended_as() { # the script's own exit code, or that of a refusal
    code=$(value exit_code)
    [ -z "$code" ] || exit "$code"
    if script_works; then
        compared || :
        tell_result running
        [ -z "$result" ] || put "$result" <"$work/result"
    else
        compared_at_end
        tell_result interrupted
    fi
    stop_words 'the guard of this deploy was killed; the script may go on' 'hummii-host last-deploy --wait=60'
    exit 8
}

work=$(mktemp -d) || exit 3
dir=$work refusing='' result=''
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
verb=${1:---help}
[ $# = 0 ] || shift
case $verb in
    with-lease | touched | last-deploy | stop-deploy) ;;
    --help) usage && exit ;;
    *) stop 2 "$(printf '%.60s' "$verb" | tr -c '[:print:]' '?') is not known here" 'hummii-host --help' ;;
esac
settings "$lib/settings"
if [ -g "$project_dir" ]; then umask 007; else umask 077; fi
case $verb in
    with-lease) with_lease "$@" ;;
    *) . "$lib/guard/asks.sh" && "$(echo "$verb" | tr - _)" "$@" ;;
esac
