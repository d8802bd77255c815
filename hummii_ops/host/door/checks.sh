# shellcheck shell=sh disable=SC2154,SC2034,SC2317  # the settings, $work and $home come from door.sh
# What must hold before a rollback may begin here, and what the operator sees and says. It changes nothing.
setting() { sed -n "s/^$1=//p" "$conf"; } # KEY: its values, one a line
settings() { # FILE: what fab install-host knew of this environment
    conf=$1
    [ -r "$conf" ] || stop 3 "refused: $conf cannot be read" 'from a laptop: fab install-host'
    for key in environment host_name project project_dir compose_file backups_dir version_service health_url version_field settle health_timeout proxy become \
        database_service database_name database_user migrations_dir database_backups cache_service; do
        value=$(setting $key | head -n 1)
        case $key in
            environment) environment=$value ;;
            host_name) host_name=$value ;;
            project) project=$value ;;
            project_dir) project_dir=$value ;;
            compose_file) compose_file=$value ;;
            backups_dir) backups_dir=$value ;;
            version_service) version_service=$value ;;
            health_url) health_url=$value ;;
            version_field) version_field=$value ;;
            settle) settle=$value ;;
            health_timeout) health_timeout=$value ;;
            proxy) proxy=$value ;;
            become) become=$value ;;
            database_service) database_service=$value ;;
            database_name) database_name=$value ;;
            database_user) database_user=$value ;;
            migrations_dir) migrations_dir=$value ;;
            database_backups) database_backups=$value ;;
            cache_service) cache_service=$value ;;
        esac
    done
    compose_path=$project_dir/$compose_file backups=$project_dir/$backups_dir home=$project_dir/.hummii-ops
    setting env_file >"$work/env_files"
    setting keep >"$work/keep"
    setting reload >"$work/reload"
    setting deploy >"$work/deploys"
    { printf '%s\n' "$compose_file" && cat "$work/env_files" && setting file; } | LC_ALL=C sort -u >"$work/watched"
}
check_reason() { # free text on one line
    [ ${#1} -le 500 ] || stop 2 'the reason has more than 500 characters'
    [ "$1" = "$(printf '%s' "$1" | tr -d '\000-\037\177')" ] || stop 2 'the reason has a line break or another control character; it must be one line'
}
can_work() { # tools, the account, and where it may write
    for tool in flock setsid timeout sha256sum base64 tar gzip stat sync find xargs awk sed grep cmp diff docker; do
        command -v $tool >/dev/null || stop 3 "refused: missing on this server: $tool"
    done
    command -v curl >/dev/null || command -v wget >/dev/null || stop 3 'refused: missing on this server: curl or wget'
    if [ -d /run/systemd/seats ] && [ "$(id -u)" != 0 ] && busctl get-property org.freedesktop.login1 /org/freedesktop/login1 \
        org.freedesktop.login1.Manager KillUserProcesses 2>/dev/null | grep -q true; then
        stop 3 'refused: this server ends all that an account runs when it logs out (KillUserProcesses=yes)' 'from a laptop: fab rollback says what to set'
    fi
    ! grep -q ' ' "$work/watched" || stop 3 "refused: a file's name in inventory.yml holds a space, which this script cannot work with" 'from a laptop: fab rollback'
    cd "$project_dir" || stop 3 "refused: there is no $project_dir"
    owner=$(stat -c %U "$project_dir")
    if [ "$(id -u)" = 0 ] && [ "$owner" != root ] && [ "$become" != sudo ]; then
        stop 3 "refused: root would leave files here that $owner cannot change" "sudo -u $owner $project_dir/scripts/rollback.sh …"
    fi
    [ "$become" != sudo ] || [ "$(id -u)" = 0 ] || stop 3 'refused: here docker is for root alone (become: sudo)' "sudo $project_dir/scripts/rollback.sh …"
    if [ ! -w "$project_dir" ] || { [ -e "$home" ] && [ ! -w "$home" ]; }; then
        stop 3 "refused: $(id -un) cannot write in $project_dir" "sudo -u $owner $project_dir/scripts/rollback.sh …"
    fi
}
docker_answers() { # one that hangs is not waited for: whatever is asked of it afterwards would hang as well
    timeout -k 2 10 docker ps -q >/dev/null 2>&1 || stop 3 'refused: docker does not answer' 'docker ps; systemctl status docker'
}
limit_docker() { # SECONDS: for each question from now on; that one was not answered is remembered: it is not a "no"
    docker_s=$1
    docker() { # in the foreground: one that reads the terminal must not be stopped for it
        timeout --foreground -k 2 "$docker_s" docker "$@" && return
        docker_code=$?
        case "$docker_code" in 124 | 137) : >"$work/slow" ;; esac
        return "$docker_code"
    }
}
all_answered() { [ ! -e "$work/slow" ] || stop 3 "refused: docker did not answer within $docker_s s" 'docker ps; systemctl status docker'; }
one_file() { # as run/preflight.py: what was started from several files, or with env files named to Compose, is not ours to change
    label='{{index .Config.Labels "com.docker.compose'
    # shellcheck disable=SC2046  # ids are hex words
    set -- $(cut -f 3 "$work/containers")
    [ $# != 0 ] || return 0
    docker inspect --type container --format "$label.service\"}}	$label.project.config_files\"}}	$label.project.environment_file\"}}" "$@" |
        awk -F '\t' -v name="${compose_file##*/}" '
            { n = split($2, paths, ","); names = ""; for (i = 1; i <= n; i++) { sub(/.*\//, "", paths[i]); names = names (i > 1 ? ", " : "") paths[i] } }
            names != "" && names != name { print $1 " was started from " names "; the inventory knows " name " alone"; exit }
            $3 != "" { print $1 " was started with --env-file " $3; exit }' >"$work/started_from"
    [ ! -s "$work/started_from" ] || stop 3 "refused: $(cat "$work/started_from")" \
        "start the stack from one file, without --env-file (Compose reads .env by itself); docker compose … config makes one of several"
}
nobody_at_work() { # an unfinished run: 3; someone at work: 4
    for state in "$home"/runs/*/state; do
        [ -r "$state" ] || continue
        folder=${state%/state} said=$(cat "$state")
        case $said in forward | back | mixed) ;; *) continue ;; esac
        { [ -e "$home/busy.lock" ] && ! flock -s -n 7 7<"$home/busy.lock"; } || stop 3 \
            "refused: ${folder##*/} began and has not ended ($said)" "from a laptop: fab resume --run=${folder##*/}, or fab undo --run=${folder##*/}"
        stop 4 "${folder##*/} is at work right now" "from a laptop: fab attach --run=${folder##*/}"
    done
    busy=$(deploys_now | head -n 1)
    [ -z "$busy" ] || stop 4 "someone is at work on this stack: $busy" 'wait for it to end'
}
deploys_now() { # processes that change this stack: a deploy script, or a Compose command that changes something
    ours=" " pid=$$
    while [ "${pid:-0}" -gt 1 ]; do ours="$ours$pid " && pid=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 2); done
    pattern=compose$(sed 's/[][\.*^$+?(){}|]/\\&/g; s/^/|/' "$work/deploys" | tr -d '\n')
    real=$(readlink -f "$project_dir") # where a process says that it stands, if a part of the path is a link
    grep -alE -e "$pattern" /proc/[0-9]*/cmdline 2>/dev/null | while IFS=/ read -r _ _ pid _; do
        case $ours in *" $pid "*) continue ;; esac
        words=$({ tr '\0\n' '  ' <"/proc/$pid/cmdline" | tr -cd '[:print:]'; } 2>/dev/null) || continue
        changes_stack "$words" || continue
        where=$(readlink "/proc/$pid/cwd" 2>/dev/null) || where=$project_dir # another account's: it may be ours, so it counts
        case " $words $where/" in
            *" -p $project "* | *" --project-name $project "*) ;;
            *" -p "* | *" --project-name "*) continue ;;
            *" $project_dir/"* | *" $project_dir "* | *" $real/"* | *" $real "*) ;;
            *) continue ;;
        esac
        printf 'pid %s of %s: %s\n' "$pid" "$(stat -c %U "/proc/$pid" 2>/dev/null)" "$(printf '%.100s' "$words" | sed 's/=[^ ]*/=***/g')"
    done
}
changes_stack() ( # WORDS: never a person who only looks
    [ -n "$1" ] || exit 1
    # one that waits for its turn changes nothing, and one that has it holds the lease
    case $1 in *hummii-host*with-lease* | *.hummii-ops/lib/*/guard/*) exit 1 ;; esac
    case ${1%% *} in vi | vim | nano | less | more | cat | tail | head | grep | watch | */grep | */tail | */cat) exit 1 ;; esac
    while read -r deploy; do
        [ -z "$deploy" ] || case " $1 " in *"/$deploy "* | *" $deploy "*) exit 0 ;; esac
    done <"$work/deploys"
    printf '%s\n' "$1" | grep -Eq 'compose (.* )?(up|down|restart|stop|start|rm|create|run|kill|pull|build|watch|scale)( |$)' || exit 1
    ! printf '%s\n' "$1" | grep -Eq 'compose (.* )?(exec|logs|ps|config|images|top|events|port|ls|version) '
)

show_list() { # the restore points, newest first
    printf '%s runs %s\n' "$host_name" "$(version_of_left_now)"
    grep -q '^release' "$work/facts" || echo '  no restore point yet'
    awk -F '\t' '
        function age(ms,    s) {
            if (ms == "-") return "?"
            s = int((now - ms) / 1000)
            if (s >= 172800) return int(s / 86400) " d"
            if (s >= 7200) return int(s / 3600) " h"
            return s >= 120 ? int(s / 60) " min" : s " s"
        }
        $1 == "now" { now = $2; printf "  %-26s %-8s %-10s %-8s %s\n", "release", "age", "version", "proven", "" }
        $1 == "release" { printf "  %-26s %-8s %-10s %-8s %s\n", $2, age($3), $7 == "-" ? "?" : $7, $4, $6 == "running" ? "running" : ($9 == "-" ? "" : $9) }' "$work/facts"
}
think_first() { sed '1s/^/  think before you say yes:\n  ! /; 1!s/^/  ! /'; } # <sentences: the same words as tasks/reply/planshow.py
version_of_left_now() { version=$(version_of_left) && echo "${version:-no version that can be read}"; }
show_plan() {
    printf 'rollback of %s on %s: %s -> %s (restore point %s), by %s: %s\n' "$environment" "$host_name" \
        "${left_version:-unknown version}" "$label" "$chosen" "$who" "${reason:-no reason given}"
    sentences | sed 's/^/  /; s/→/->/'
    cautions | think_first
    [ -z "$dry_run" ] || for name in forward back; do
        printf '%s:\n' "$name"
        awk '{ printf "  %-30s %s\n", $1, $3 }' "$made/$name.list"
    done
}
confirm() {
    [ -z "$yes" ] || return 0
    [ -t 0 ] || stop 3 'refused: it asks before it acts, and there is no terminal to ask on' 'add --yes'
    printf 'Roll back to %s? [y/N] ' "$label" >&2
    read -r reply || reply=
    case $reply in y | Y | yes) ;; *) stop 9 'declined; nothing was changed' ;; esac
}
