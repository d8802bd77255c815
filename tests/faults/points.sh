#!/bin/sh
# Stands before `timeout` on a host under test, and stops a run at one named point until it is told to go on.
# The runner calls timeout for every verb of every step; all other calls pass. The point is asked for in
# /run/faults/ask, "LIST STEP before|during|after AFTER_S"; it is reached once, and then /run/faults/reached says
# "RUNNER POINT", with the ids of both processes.
#   before: nothing of the step is written down yet
#   during: its act began AFTER_S ago and is frozen, with all its children; or `late` if it was over by then
#   after:  its act has ended, and its result is not written down yet
real=/usr/bin/timeout
asked=/run/faults/ask
case $* in *' lib/step.sh '*) ;; *) exec $real "$@" ;; esac
[ -s $asked ] || exec $real "$@"
for verb; do file=$previous previous=$verb; done
read -r list step point wait_s <$asked
[ "$file" = "$list/$step.sh" ] || exec $real "$@"
case $point.$verb in before.holds | during.act | after.act) ;; *) exec $real "$@" ;; esac
mv $asked $asked.taken || exec $real "$@"

trap : TERM HUP INT # what kills a run's processes must not end the trap; unlike '' this is not inherited
reached() {
    rm -f /run/faults/go
    echo "$PPID $$ $1" >/run/faults/.reached
    mv /run/faults/.reached /run/faults/reached
    until [ -e /run/faults/go ]; do sleep 0.02; done
}
ended() { # waits until it has ended, whatever signals come
    while :; do
        wait "$act"
        code=$?
        kill -0 "$act" 2>/dev/null || break
    done
}
case $point in
    before)
        reached struck
        exec $real "$@"
        ;;
    during)
        $real "$@" </dev/null &
        act=$!
        [ "$wait_s" = 0 ] || sleep "$wait_s"
        # timeout makes a process group of its own and of all that it starts, a moment after it began
        while kill -0 $act 2>/dev/null; do
            if kill -STOP -$act 2>/dev/null; then frozen=1 && break; fi
        done
        if [ -n "${frozen:-}" ]; then reached struck; else reached late; fi
        kill -CONT -$act 2>/dev/null
        ended
        ;;
    after)
        $real "$@" </dev/null &
        act=$!
        ended
        reached struck
        ;;
esac
exit "$code"
