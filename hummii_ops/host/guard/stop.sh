# shellcheck shell=sh disable=SC2046,SC2154  # process ids are numbers
# Ends a guarded deploy: its guardian ends the script's process group; where that was killed, we do. Sent after entry.sh
# and lease.sh, whose put and busy it uses, with a function about (who, reason).
# stop_deploy HOME RUN|- SECONDS: 0 it is ended, and nothing of it is at work; its run is printed.
# 76: no deploy has the lease. 74: something of it is at work still; "pid WORDS" lines say what
stop_deploy() {
    home=$1 run=$2 ends=$(($(date +%s) + $3))
    [ "$run" != - ] || run=$(lease_holder "$home")
    case $run in *Z-deploy-*) dir=$home/deploys/$run ;; *) exit 76 ;; esac
    [ -d "$dir" ] || exit 76
    printf '%s\n' "$run"
    lease_is_of "$home" "$run" || return 0
    { about; date -u +since=%s; } >"$dir/.stop.$$" && sync "$dir/.stop.$$" || exit 78
    ln "$dir/.stop.$$" "$dir/stop" 2>/dev/null
    rm -f "$dir/.stop.$$"
    printf '%s deploy %s stopped: %s\n' "$(date -u +%FT%TZ)" "$run" "$(about | tr '\n' ' ')" >>"$home/lease.log"
    echo "ends $run: its script is asked to, and made to after 15 s; waits, at most $3 s, until nothing of it is at work" >&2
    while busy; do
        [ "$(date +%s)" -lt "$ends" ] || { at_work_still && exit 74; }
        # what is not of the script's group will not end by our word: it gets five seconds
        if flock -s -n 6 6<"$dir/guard.lock" && ! end_what_is_left; then
            soon=${soon:-$(($(date +%s) + 5))} ends=$soon
        fi
        sleep 0.2
    done
    return 0
}
with_the_lock() { # PID…: those of them that have busy.lock open
    [ $# = 0 ] || find -L $(printf '/proc/%s/fd ' "$@") -samefile "$home/busy.lock" 2>/dev/null | cut -d / -f 3 | sort -u
}
of_group() { # GROUP: its processes; words before the last ")" are a name, which may hold anything
    sed 's/^\([0-9]*\) .*) [A-Z] [0-9]* \([0-9]*\) .*/\1 \2/' /proc/[0-9]*/stat 2>/dev/null | awk -v group="$1" '$2 == group { print $1 }'
}
group_is_gone() { ! kill -s 0 -- "-$1" 2>/dev/null && [ -z "$(of_group "$1")" ]; } # root's is there, though no signal may go to it
end_what_is_left() { # of the script's own group, which still has our lock: so no other process that got its number
    read -r group <"$dir/group" && [ -n "$(with_the_lock $(of_group "$group"))" ] || return 1
    [ -n "${asked:-}" ] || kill -s TERM -- "-$group" 2>/dev/null
    asked=${asked:-$(date +%s)}
    [ $(($(date +%s) - asked)) -lt 15 ] || kill -s KILL -- "-$group" 2>/dev/null
    return 0
}
at_work_still() {
    for one in /proc/[0-9]*; do echo "${one#/proc/}"; done | grep -vx $$ >"$dir/.pids"
    for pid in $(with_the_lock $(cat "$dir/.pids")); do
        printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | tr -cd '[:print:]' | cut -c 1-100)"
    done
}
