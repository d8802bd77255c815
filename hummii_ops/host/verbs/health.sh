# shellcheck shell=sh disable=SC2154  # run, home and lib come from step.sh
# Health is decided by our own eyes: every replica, restarts and OOM kills seen, one-shot services known.
well() { # PROJECT SERVICE…: prints "id started restarts" of each replica; fails at the first that is not well
    all=$(containers "$1") || return 1
    shift
    for service; do
        found=$(of_service "$service" "$all") || { echo "$found" >&2; return 1; }
        echo "$found" | while read -r _ id _ _ status health restarts oom exit_code started policy; do
            case $status:$health in
                running:starting) passes_its_check "$id" ;;
                running:healthy | running:none) [ "$oom" != true ] || memory_held "$restarts" "$started" ;;
                exited:*) ended_well "$status:$policy:$exit_code" ;;
                *) false ;;
            esac || { echo "$service: $status, health $health, restarts $restarts, oom $oom, exit $exit_code" >&2; return 1; }
            echo "$id $started $restarts"
        done || return 1
    done
}
passes_its_check() ( # ID: its own health check, asked now: Docker asks it once an interval, and until then says "starting"
    last=$run/evidence/.asked-$1 now=$(date +%s%3N)
    # twice a second is enough: a check may cost as much as what it checks
    if [ -e "$last" ] && read -r at said <"$last" && [ $((now - at)) -lt 500 ]; then exit "$said"; fi
    own_check "$1"
    said=$?
    echo "$now $said" >"$last"
    exit $said
)
own_check() ( # ID: as Docker does it, and no longer than that; what cannot be asked word for word is left to Docker
    check=$(docker inspect --type container --format '{{len .Config.Shell}} {{with .Config.Healthcheck}}{{.Timeout.Seconds}} {{len .Test}}{{range .Test}}{{printf "\n%s" .}}{{end}}{{end}}' "$1")
    id=$1 facts=${check%%"$nl"*} words=${check#*"$nl"}
    form=${words%%"$nl"*} words=${words#*"$nl"}
    # shellcheck disable=SC2086  # three numbers
    set -- ${facts:-0 0 0}
    shell=$1 limit=$2 count=$3
    case $limit in [1-9] | [1-9].* | 0.*) ;; *) limit=10 ;; esac # 0 stands for Docker's 30 s
    case $shell:$form in
        *:CMD)
            [ "$(printf '%s\n' "$words" | wc -l)" = $((count - 1)) ] || exit 1 # a word with a line break in it
            set -f && IFS=$nl
            # shellcheck disable=SC2086  # a line a word
            timeout -k 2 "$limit" docker exec "$id" $words >/dev/null 2>&1
            ;;
        0:CMD-SHELL) timeout -k 2 "$limit" docker exec "$id" /bin/sh -c "$words" >/dev/null 2>&1 ;;
        *) false ;;
    esac
)
memory_held() { # RESTARTS STARTED: the word OOMKilled stays on a container that lives: it counts only after a young restart
    [ "$1" = 0 ] || [ $(($(date +%s) - $(date -d "$2" +%s))) -gt 300 ]
}
answers() ( # URL FIELD VERSION: 2xx, and the body names this version (FIELD - : not compared)
    # -e does not reach in here when a wait asks, so each no is said
    if command -v curl >/dev/null; then
        body=$(curl -q -gs --noproxy '*' -m 5 -w '%{http_code}' "$1") || exit 1
        case $body in *2[0-9][0-9]) ;; *) exit 1 ;; esac
    else
        body=$(wget --no-config --no-proxy -q -T 5 -t 1 --max-redirect=0 -O - "$1") || exit 1
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
    seconds=$1 url=$2 field=$3 version=$4
    shift 4
    tell_proxy "$@"
    await_answer "$seconds" "$url" "$field" "$version"
)
proxy_told() ( [ -e "$run/facts/proxy-$list" ] ) # PROJECT SERVICE COMMAND…
look_again() ( # PROJECT SERVICE COMMAND…: whether it helped is for later steps to judge
    tell_proxy "$@" || :
    : >"$run/facts/proxy-$list"
)
tell_proxy() ( # PROJECT SERVICE COMMAND…: after a no, as of a configuration that does not hold, nothing more is sent
    project=$1 service=$2
    shift 2
    set -f
    for id in $(docker ps -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service"); do
        for command; do
            # shellcheck disable=SC2086  # the inventory's command, split at spaces, never given to a shell
            timeout -k 2 20 docker exec "$id" $command || exit
        done
    done
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
