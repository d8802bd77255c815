#!/bin/sh
# Stands before `timeout` and `sync` on a small host, and stops a run at one point of one step until it is told to go on.
# The runner calls timeout for every verb of every step, and sync for every line of its journal. /run/faults/ask says
# where: "TASK LIST STEP POINT AFTER_S"; it is reached once, and then /run/faults/reached says "RUNNER HAND WORD RUN".
#   before: nothing of the step is written down       intent: its intent is, its act has not begun
#   middle: its act began AFTER_S ago and is frozen with all its children; WORD is `late` if it was over by then
#   effect: its act has ended, its result is not written down        result: its result is
# Every act is counted in /var/lib/faults/acts, which outlives a boot.
name=${0##*/} asked=/run/faults/ask
real=/usr/bin/$name
reached() {
    rm -f /run/faults/go
    echo "$PPID $$ $1 ${run##*/}" >/run/faults/.reached
    mv /run/faults/.reached /run/faults/reached
    until [ -e /run/faults/go ]; do sleep 0.02; done
}
asked_for() { # LIST/STEP.sh POINT…: is it this one? It is taken, so that it is reached once
    [ -s $asked ] && read -r task list step point after_s <$asked && [ "$1" = "$list/$step.sh" ] || return 1
    case ${run##*/} in *-"$task"-*) ;; *) return 1 ;; esac
    shift
    for each; do [ "$each" != "$point" ] || { mv $asked $asked.taken && return 0; }; done
    return 1
}
ended() { # waits until it has ended, whatever signals come
    while :; do
        wait "$act"
        code=$?
        kill -0 "$act" 2>/dev/null || break
    done
}
if [ "$name" = sync ]; then
    if [ "$*" != journal.jsonl ] || [ ! -s $asked ]; then exec $real "$@"; fi
    $real "$@"
    code=$? run=$(pwd)
    file=$(tail -n 1 journal.jsonl | sed -n 's/^.*"ev":"\(done\|skipped\)","list":"\([a-z]*\)","step":"\([a-z0-9-]*\)".*$/\2\/\3.sh/p')
    ! asked_for "$file" result || reached struck
    exit $code
fi
case $* in *' lib/step.sh '*) ;; *) exec $real "$@" ;; esac
for word; do run=$file file=$verb verb=$word; done
[ "$verb" != act ] || echo "${run##*/} $file" >>/var/lib/faults/acts
[ -s $asked ] || exec $real "$@"
trap : TERM HUP INT # what kills a run's processes must not end the trap; unlike '' this is not inherited
if [ "$verb" = holds ]; then
    ! asked_for "$file" before || reached struck
    exec $real "$@"
fi
asked_for "$file" intent middle effect || exec $real "$@"
[ "$point" != intent ] || { reached struck; exec $real "$@"; }
$real "$@" </dev/null &
act=$!
if [ "$point" = middle ]; then
    [ "$after_s" = 0 ] || sleep "$after_s"
    # timeout makes a process group of its own and of all that it starts, a moment after it began
    while kill -0 $act 2>/dev/null; do
        if kill -STOP -$act 2>/dev/null; then frozen=1 && break; fi
    done
    if [ -n "${frozen:-}" ]; then reached struck; else reached late; fi
    kill -CONT -$act 2>/dev/null
    ended
else
    ended
    reached struck
fi
exit "$code"
