# shellcheck shell=sh disable=SC2094  # state is a word here and a file there
# The loop that ends every run: forward to "done", or back to "restored". Usage: sh runner.sh RUN_DIR
# It runs detached on the host and must never depend on the laptop, judge output text, or touch anything but through steps.
set -u
run=$1
cd "$run" || exit 1
home=$(cd ../.. && pwd)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C PATH
if [ -g "$home" ]; then umask 007; else umask 077; fi
. lib/lease.sh

exec 6>>"$home/runner.lock"        # the runner's alone
flock -w 3 6 || exit 0             # somebody runs already
exec 9>>"$home/busy.lock"          # inherited by every child: a killed runner with a live child still counts as busy
patience=3                         # a prober holds it for milliseconds only
[ ! -s journal.jsonl ] || patience=300 # what a killed runner of this run left behind comes to its end first
flock -w $patience 9 || exit 0

now() { date +%s%3N; }
note() { # EVENT [LIST STEP [CODE]]: one line of the journal, in our own words and numbers only
    from=$(stat -c %s output.log)
    printf '{"t":%s,"ev":"%s","list":"%s","step":"%s","code":%s,"log":%s}\n' \
        "$(now)" "$1" "${2:-}" "${3:-}" "${4:-null}" "$from" >>journal.jsonl && sync journal.jsonl
}
put() { printf '%s\n' "$2" >".$1.new" && sync ".$1.new" && mv ".$1.new" "$1" && sync .; } # FILE WORD
put_state() { put state "$1" && state=$1; }
end() { # STATE: the last word; the lease is kept by "mixed" alone
    note "$1"
    put_state "$1" || exit 1
    [ "$1" = mixed ] || lease_give_back "$home" "${run##*/}"
    exit 0
}
interrupted() { note interrupted; exit 0; }
trap 'interrupted=1' TERM HUP INT
interrupted=

verb() { # holds|act: in its own process, under the step's limit, stdin closed; 90 is the fence: the lease is lost
    timeout -k 10 "$limit" sh -eu lib/step.sh "$run" "$list/$id.sh" "$1" </dev/null 6>&-
    code=$?
    [ $code != 90 ] || interrupted=1
    [ -z "$interrupted" ] || interrupted
    return $code
}
docker_was_away() { # and is waited for: a restart of dockerd in the middle of an act is not a verdict on the act
    command -v docker >/dev/null || return 1
    deadline=$(($(now) + 120000)) away=1
    until timeout 5 docker version --format . >/dev/null 2>&1; do
        away=0
        [ "$(now)" -lt $deadline ] || break
        [ -z "$interrupted" ] || interrupted
        sleep 0.5
    done
    return $away
}
first_change() { # from here on the way out is back, and the outage is measured
    [ "$list" = forward ] && [ ! -e changed ] || return 0
    put changed 1 && watch_outage
}
watch_outage() { [ ! -s lib/probe.url ] || sh lib/probe.sh "$run" "$(cat lib/probe.url)" $$ 6>&- 9>&- </dev/null >/dev/null 2>&1 & }
step() { # one step: skipped if it holds; else made, and believed only when it holds
    if verb holds; then note skipped "$list" "$id"; return 0; fi
    case $effect in changes | replaces) first_change || return 1 ;; esac
    # what cannot be written down is not begun; the way back is gone also without a journal
    note start "$list" "$id" || [ "$list" = back ] || return 1
    verb act
    made=$code
    # an act gets one more chance; a wait had its time, unless docker was away meanwhile
    if ! verb holds && { docker_was_away || [ "$effect" != reads ]; }; then
        note again "$list" "$id" "$made"
        verb holds || { verb act; made=$code; verb holds; }
    fi
    if [ "$code" = 0 ]; then note "done" "$list" "$id" "$made"; return 0; fi
    note failed "$list" "$id" "$made"
    [ "$effect" = records ] && return 0   # our own notes: said, never a reason to go back
    [ "$list" = back ] || put failed "$id"
    return 1
}
walk() { # LIST: 0 all hold; 1 a step failed; 2 cancelled
    list=$1
    while read -r id limit effect <&3; do
        [ -z "$interrupted" ] || interrupted
        if [ "$list" = forward ] && [ -e cancel ]; then note cancelled; return 2; fi
        step || return 1
    done 3<"$list.list"
}

read -r state <state || exit 1
case $state in done | restored | prepared | refused | abandoned) exit 0 ;; esac
lease_is_sure "$home" "${run##*/}" || exit 0
[ -z "$(tail -c 1 journal.jsonl)" ] || echo >>journal.jsonl # a power cut may have torn the last line
if [ "$state" = ready ]; then
    note begin || exit 1
    list=ready id=as-planned limit=60
    verb holds || end refused
    put_state forward || exit 1
else
    note resumed
    [ ! -e changed ] || watch_outage
fi
if [ "$state" = forward ]; then
    walk forward
    case $? in
        0) if [ -e prepared ]; then end prepared; else end "done"; fi ;;
        1) [ -e changed ] || end refused ;;
        2) [ -e changed ] || end abandoned ;;
    esac
    put_state back || exit 1
fi
note back
if walk back; then end restored; else end mixed; fi
