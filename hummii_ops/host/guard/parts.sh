# shellcheck shell=sh disable=SC1091,SC2154  # lib, and the folder of a deploy, come from whoever sources this
# What each program of the guard begins with: the door's reads, and what is known of one deploy.
# A deploy is a folder, .hummii-ops/deploys/RUN: values (key=value, the last one counts), before (what was true), touched
# (what differs since), output.log, group (the process group of the script), code.* (exit codes), stop (who ended it).
for part in times choose look releases render plan checks follow; do . "$lib/door/$part.sh"; done
. "$lib/door/hashes.sh"
. "$lib/run/verbs/backup.sh"
. "$lib/door/migrations.sh"
. "$lib/run/verbs/expect.sh"
. "$lib/run/lease.sh"
. "$lib/guard/differs.sh"
. "$lib/guard/result.sh"

docker() { timeout -k 2 "$(question_s)" docker "$@"; } # one that hangs must not hang the guard; timeout runs the program, not this
question_s() { # seconds for a question: 20, and no more than is left until $asks_until, the end of all that is asked now
    left_s=20
    [ -z "${asks_until:-}" ] || left_s=$((asks_until - $(date +%s)))
    [ $left_s -le 20 ] || left_s=20
    [ $left_s -ge 1 ] || left_s=1
    echo $left_s
}
asks_for() { asks_until=$(($(date +%s) + $1)); } # SECONDS
note() { # KEY VALUE …: known of this deploy from now on; one line each
    while [ $# -gt 1 ]; do
        printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\000-\037\177' ' ')" >>"$dir/values"
        shift 2
    done
}
value() { sed -n "s/^$1=//p" "$dir/values" 2>/dev/null | tail -n 1; } # KEY
put() { cat >"$1.new.$$" && sync "$1.new.$$" && mv -fT "$1.new.$$" "$1"; } # FILE <lines: whole, or as before
guarded() { ! flock -s -n 7 7<"$1/guard.lock"; }                      # DIR: does its guardian live?
nothing_works() { [ ! -e "$home/busy.lock" ] || flock -w 2 7 7<"$home/busy.lock"; } # a prober has it for milliseconds
script_works() { lease_is_of "$home" "$(value run)" && ! nothing_works; } # though its guardian was killed
at_work_yet() { guarded "$dir" || { [ -z "$(value exit_code)" ] && script_works; }; }
stop_words() { # WORDS [NEXT]
    printf '%s\n' "$1" | tr -d '\000-\011\013-\037\177' >&2
    [ -z "${2:-}" ] || printf '  next: %s\n' "$2" | tr -d '\000-\011\013-\037\177' >&2
}
stop() { # CODE WORDS [NEXT]: refused before the script began
    trap '' INT TERM HUP
    stop_words "$2" "${3:-}"
    [ -z "$refusing" ] || {
        note refused "$refusing" why "$2" exit_code "$1" ended "$(date +%s%3N)"
        tell_result refused
    }
    exit "$1"
}
