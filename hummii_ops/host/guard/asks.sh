# shellcheck shell=sh disable=SC2034,SC2154,SC2317  # the settings and the names of parts.sh and guard.sh
# What a script, or a job that lost its link, asks the guard: touched, last-deploy, stop-deploy.
touched() { # [WORDS]: the script says so itself
    run=${HUMMII_DEPLOY:-}
    case $run in *[!A-Za-z0-9-]*) run='' ;; esac
    [ -n "$run" ] || run=$(lease_holder "$home")
    case $run in *Z-deploy-*) dir=$home/deploys/$run ;; *) dir=$home/deploys/none ;; esac
    [ -d "$dir" ] || stop 3 'no guarded deploy is at work here' 'hummii-host with-lease -- ./deploy.sh'
    while [ $# -gt 0 ]; do case $1 in --project-dir=*) shift ;; *) break ;; esac; done
    printf 'said%s\n' "${1:+: $(printf '%.100s' "$1" | tr -cd '[:print:]')}" | found
}
newest_deploy() { find "$home/deploys" -mindepth 2 -maxdepth 2 -name values 2>/dev/null | LC_ALL=C sort | tail -n 1; }
last_deploy() { # [--wait=SECONDS]
    wait_s=0
    for one; do
        case $one in
            --wait=*) wait_s=${one#*=} && whole_number --wait "$wait_s" ;;
            --project-dir=*) ;;
            *) stop 2 'last-deploy knows --wait=SECONDS only' 'hummii-host --help' ;;
        esac
    done
    dir=$(newest_deploy) dir=${dir%/values}
    [ -n "$dir" ] || stop 3 'there was no guarded deploy here yet'
    ends=$(($(date +%s) + wait_s))
    while at_work_yet && [ "$(date +%s)" -lt $ends ]; do sleep 0.2; done
    if at_work_yet; then
        guarded "$dir" || compared || :
        result_line running
    elif [ -n "$(value exit_code)" ]; then
        state=ended
        [ -z "$(value refused)" ] || state=refused
        result_line $state
    else # its guardian was killed: we look for ourselves
        [ ! -s "$dir/code.script" ] || note exit_code "$(cat "$dir/code.script")"
        [ ! -e "$dir/before" ] || compared_at_end
        tell_result interrupted
        ! nothing_works || lease_give_back "$home" "$(value run)"
        cat "$work/result"
    fi
}
stop_deploy() { # [--reason=WHY]
    why='stopped by hand'
    for one; do
        case $one in
            --reason=*) why=${one#*=} && check_reason "$why" ;;
            --project-dir=*) ;;
            *) stop 2 'stop-deploy knows --reason=WHY only' 'hummii-host --help' ;;
        esac
    done
    (
        . "$lib/run/entry.sh"
        . "$lib/guard/stop.sh"
        about() { printf 'who=%s@%s\nreason=%s\n' "$(id -un)" "$(uname -n)" "$why"; }
        stop_deploy "$home" - 120 # as run/stop_deploy.py
    ) >"$work/said"
    case $? in
        0) echo "stopped: $(cat "$work/said")" ;;
        76) stop 3 'no guarded deploy is at work here' ;;
        *) stop 4 "it is not stopped: $(tail -n +2 "$work/said" | head -n 3 | tr '\n' ';')" 'end these processes by hand' ;;
    esac
}
