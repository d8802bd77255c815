# shellcheck shell=sh disable=SC2034,SC2154  # the files that are sourced share these names
# The guardian of one deploy: detached from whoever began it, it records, runs the script, compares, and says what became
# of it. Usage: sh supervise.sh LIB PROJECT_DIR RUN -- SCRIPT…, with busy.lock at 9 and its own lock at 6.
# The script and all that it starts inherit busy.lock: nobody else acts while any of it lives. HUP ends nothing here.
set -u
lib=$1 given_dir=$2 run=$3
shift 4
home=$given_dir/.hummii-ops dir=$given_dir/.hummii-ops/deploys/$run refusing=cannot
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
trap '' HUP
trap 'ended_by "a signal to the guard"' INT TERM
. "$lib/guard/parts.sh"
. "$lib/guard/stop.sh"
settings "$lib/settings"

ended_by() { printf 'reason=%s\n' "$1" >"$dir/.stop" && ln "$dir/.stop" "$dir/stop" 2>/dev/null; } # WORDS: the first word counts
attended() { # NAME COMMAND…: in a session of its own, to its end or until someone stops it; its exit code in $code
    attended=$1 code='' ticks=0 stopping=0
    shift
    [ ! -e "$dir/stop" ] || { code=143 && return; }
    {
        "$@" &
        echo $! >"$dir/group"
        wait $!
        echo $? >"$dir/.code.$attended" && mv "$dir/.code.$attended" "$dir/code.$attended"
    } 6>&- &
    until [ -s "$dir/code.$attended" ]; do
        sleep 0.2
        ticks=$((ticks + 1))
        [ ! -e "$dir/stop" ] || end_group
        # while it is being ended nothing is asked: a docker that hangs would delay that, and the end asks again
        [ $((ticks % 5)) != 0 ] || [ "$attended" != script ] || [ $stopping != 0 ] || told_of_differences
        # who waits for the code may have been killed
        read -r group <"$dir/group" && [ $ticks -gt 25 ] && group_is_gone "$group" && sleep 1 && break
    done 2>/dev/null
    read -r code <"$dir/code.$attended" 2>/dev/null || code=1
}
end_group() { # asked to end; after 15 seconds made to
    [ $stopping != 0 ] || note stopped_by "$(sed -n 's/^who=//p' "$dir/stop" | head -n 1): $(sed -n 's/^reason=//p' "$dir/stop" | head -n 1)"
    stopping=$((stopping + 1))
    read -r group <"$dir/group" || return 0
    case $stopping in
        1) kill -s TERM -- "-$group" ;;
        75) kill -s KILL -- "-$group" ;;
    esac
}
told_of_differences() {
    had=$(wc -l <"$dir/touched" 2>/dev/null)
    asks_for 10
    compared || :
    [ "$had" = "$(wc -l <"$dir/touched" 2>/dev/null)" ] || tell_result running
}
# These two become the program that they start: they are only ever run in the background.
in_session() { exec setsid "$@" </dev/null >>"$dir/output.log" 2>&1; } # COMMAND…
as_asked() { # SCRIPT…: with the caller's folder, mode and locale
    umask "$(value umask)"
    if [ "$(value lc)" = unset ]; then unset LC_ALL; else LC_ALL=$(value lc); fi
    PATH=$home/bin:$(value path) HUMMII_DEPLOY=$run
    export PATH HUMMII_DEPLOY
    cd "$(value here)" && exec setsid "$@" </dev/null >>"$dir/output.log" 2>&1
}
released() { # what runs now, and whether that is marked bad
    asks_for 20
    look 2>/dev/null || return 0
    [ -s "$work/left" ] || return 0
    now_version=$(version_of_left)
    disk_sha=$(sha_of_file "$compose_path") || return 0
    cut -f 1,3 "$work/left" | tr '\t' ' ' >"$work/left.services"
    now_identity=$(identity_of "$disk_sha" "$work/left.services")
    note release_after "$now_version" identity_after "$now_identity" marked_bad false
    [ -z "$(value version)" ] || [ "$(value version)" = "$now_version" ] || echo "! it was to be $(value version), and ${now_version:-something without a version} runs"
    grep -qsx mark=bad "$home/marks/$now_identity" || return 0
    note marked_bad true
    echo "! ${now_version:-what runs now} is marked bad; next, from a laptop: fab rollback --latest"
}
finished() { # CODE
    note exit_code "$1" ended "$(date +%s%3N)" left_behind false
    exec 9>&-
    nothing_works || {
        note left_behind true
        echo '! the script has left a process behind, which goes on: nobody else may act here until that has ended, or: hummii-host stop-deploy'
    }
    tell_result "$2"
    nothing_works && lease_give_back "$home" "$run"
}
older() { # the folders of deploys beyond the newest fifty
    find "$home/deploys" -mindepth 1 -maxdepth 1 -name '[0-9]*' | LC_ALL=C sort -r | tail -n +51 | while IFS= read -r one; do rm -rf "$one"; done
}

tell_result running
attended before in_session timeout -k 15 3600 sh "$lib/guard/before.sh" "$lib" "$given_dir" "$run"
if [ -e "$dir/stop" ]; then
    note refused stopped why 'stopped before the script began'
    finished 3 refused
elif [ "$code" != 0 ]; then
    [ "$code" != 124 ] || note refused restore-point why 'the restore point and the backup took more than an hour'
    [ -n "$(value refused)" ] || note refused restore-point why 'what runs could not be recorded'
    finished 3 refused
elif ! remembered; then
    note refused cannot why 'docker does not answer'
    echo 'refused: docker does not answer; the script did not run'
    finished 3 refused
else
    tell_result running
    attended script as_asked "$@"
    compared_at_end
    released
    finished "$code" ended
fi
older
