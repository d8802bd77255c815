# shellcheck shell=sh disable=SC2154  # run, home and lib come from step.sh
# Health is decided by our own eyes: every replica, restarts and OOM kills seen, one-shot services known.
well() { # PROJECT SERVICE…: prints "id started restarts" of each replica; fails at the first that is not well
    all=$(containers "$1") || return 1
    shift
    for service; do
        found=$(of_service "$service" "$all") || { echo "$found" >&2; return 1; }
        echo "$found" | while read -r _ id _ _ status health restarts oom exit_code started policy; do
            case $status:$health:$oom:$policy:$exit_code in
                running:healthy:false:* | running:none:false:*) echo "$id $started $restarts" ;;
                exited:*:no:0 | exited:*::0) echo "$id $started $restarts" ;;
                *) echo "$service: $status, health $health, restarts $restarts, oom $oom, exit $exit_code" >&2; return 1 ;;
            esac
        done || return 1
    done
}
answers() ( # URL FIELD VERSION: 2xx, and the body names this version (FIELD - : not compared)
    # -e does not reach in here when a wait asks, so each no is said
    if command -v curl >/dev/null; then
        body=$(curl -s -m 5 -w '%{http_code}' "$1") || exit 1
        case $body in *2[0-9][0-9]) ;; *) exit 1 ;; esac
    else
        body=$(wget -q -T 5 -t 1 --max-redirect=0 -O - "$1") || exit 1
    fi
    [ "$2" = - ] || printf '%s' "$body" | tr -d ' \t\r\n' | grep -Fq "\"$2\":\"$3\""
)
services_well() ( well "$@" >/dev/null ) # PROJECT SERVICE…
await_services() ( # SECONDS PROJECT SERVICE…
    deadline=$(($(date +%s) + $1))
    shift
    until well "$@" >/dev/null 2>"$run/evidence/.unwell"; do
        [ "$(date +%s)" -lt $deadline ] || { cat "$run/evidence/.unwell"; exit 1; }
        sleep 0.1
    done
)
await_answer() ( # SECONDS URL FIELD VERSION
    deadline=$(($(date +%s) + $1))
    shift
    until answers "$@"; do
        [ "$(date +%s)" -lt $deadline ] || { echo "$1 gave no good answer"; exit 1; }
        sleep 0.1
    done
)
reload_proxy() ( # SECONDS URL FIELD VERSION PROJECT SERVICE COMMAND…: for a proxy that keeps a dead address
    seconds=$1 url=$2 field=$3 version=$4 project=$5 service=$6
    shift 6
    set -f
    for id in $(docker ps -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service"); do
        for command; do
            # shellcheck disable=SC2086  # the inventory's command, split at spaces, never given to a shell
            docker exec "$id" $command
        done
    done
    await_answer "$seconds" "$url" "$field" "$version"
)
settled() ( # PROJECT SERVICE…: the same containers as at the end of a quiet window, and still well
    [ -s "$run/facts/settled" ] && [ "$(well "$@")" = "$(cat "$run/facts/settled")" ]
)
settle() ( # SECONDS TIMEOUT URL|- FIELD VERSION PROJECT SERVICE…: nothing restarts, dies or stops answering for SECONDS
    seconds=$1 deadline=$(($(date +%s) + $2)) url=$3 field=$4 version=$5
    shift 5
    was='' since=0
    while :; do
        is=$(well "$@" && { [ "$url" = - ] || answers "$url" "$field" "$version"; }) || is=''
        [ "$is" = "$was" ] || { was=$is since=$(date +%s%3N); }
        [ -z "$is" ] || [ $(($(date +%s%3N) - since)) -lt $((seconds * 1000)) ] || break
        [ "$(date +%s)" -lt $deadline ] || { echo "no quiet window of $seconds s"; exit 1; }
        sleep 0.3
    done
    mkdir -p "$run/facts"
    printf '%s\n' "$was" >"$run/facts/.settled"
    sync "$run/facts/.settled"
    mv -f "$run/facts/.settled" "$run/facts/settled"
)
