# shellcheck shell=sh disable=SC2154  # run, home, lib and list come from step.sh
# Services of a Compose project, judged by what runs and never by the file alone.
containers() { # PROJECT: a line a container: service id image config-hash status health restarts oom exit started policy
    ids=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$1" --filter label=com.docker.compose.oneoff=False) || return 1
    # shellcheck disable=SC2086  # ids are hex words
    [ -z "$ids" ] || docker inspect --type container --format '{{index .Config.Labels "com.docker.compose.service"}} {{.ID}} {{.Image}} {{index .Config.Labels "com.docker.compose.config-hash"}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.RestartCount}} {{.State.OOMKilled}} {{.State.ExitCode}} {{.State.StartedAt}} {{.HostConfig.RestartPolicy.Name}}' $ids
}
of_service() ( # SERVICE[=REPLICAS] CONTAINERS: its lines; none, or not exactly so many, is a failure
    found=$(printf '%s\n' "$2" | awk -v service="${1%%=*}" '$1 "" == service "" { print; n = 1 } END { exit !n }') || { echo "$1: no container"; exit 1; }
    printf '%s\n' "$found"
    case $1 in *=*) [ "$(printf '%s\n' "$found" | wc -l)" -eq "${1#*=}" ] || { echo "${1%%=*}: not ${1#*=} containers"; exit 1; } ;; esac
)
names_of() ( for one; do printf '%s\n' "${one%%=*}"; done ) # SERVICE[=REPLICAS]…: the names alone
counts_of() ( for one; do case $one in *=*) printf -- '--scale\n%s\n' "$one" ;; esac; done ) # SERVICE[=REPLICAS]…: as Compose takes them
made_from() { # SERVICE HASH HASHES|any: one of these labels, or the one that this list's own `up` gave it
    [ "$3" != any ] || return 0
    case ,$3, in *",$2,"*) return 0 ;; esac
    grep -qxs "$2" "$run/facts/up-$list-$1"
}
ended_well() { case $1 in exited:no:0 | exited::0 | exited:on-failure:0) ;; *) return 1 ;; esac; } # STATUS:POLICY:CODE: a one-shot service, done
services_are() ( # running|up|there PROJECT then for each service: SERVICE[=REPLICAS] IMAGE_ID HASHES|any: so is each of its replicas
    case $1 in
        running) statuses=running ;;
        up) statuses='running restarting' ;; # started; that it stays up is for a later step to prove
        there) statuses='running restarting paused exited dead' ;; # as an ill one was: made, whatever came of it
    esac
    all=$(containers "$2")
    shift 2
    while [ $# -ge 3 ]; do
        found=$(of_service "$1" "$all") || { echo "$found"; exit 1; }
        echo "$found" | while read -r service id image hash status _ _ _ exit_code _ policy; do
            [ "$image" = "$2" ] || { echo "$service: $id runs image $image, not $2"; exit 1; }
            made_from "$service" "$hash" "$3" || { echo "$service: $id was made from another configuration"; exit 1; }
            case " $statuses " in *" $status "*) ;; *) ended_well "$status:$policy:$exit_code" || { echo "$service: $id is $status"; exit 1; } ;; esac
        done || exit 1
        shift 3
    done
)
start_ended() ( # PROJECT SERVICE[=REPLICAS] IMAGE_ID HASHES|any…: containers of these that ended, and not well
    all=$(containers "$1")
    shift
    while [ $# -ge 3 ]; do
        of_service "${1%%=*}" "$all" | while read -r _ id _ _ status _ _ _ code _ policy; do
            ended_well "$status:$policy:$code" || case $status in exited | created | dead) docker start "$id" ;; esac
        done
        shift 3
    done
)
services_stay() ( # SECONDS PROJECT SERVICE[=REPLICAS] IMAGE_ID HASHES|any…: they run, and still do after these seconds
    seconds=$1
    shift
    services_are running "$@" && sleep "$seconds" && services_are running "$@"
)
start_and_stay() ( # SECONDS MOMENT PROJECT SERVICE[=REPLICAS] IMAGE_ID HASHES|any…: what went down is started, and must then stay
    deadline=$(($(date +%s) + $1)) moment=$2
    shift 2
    until said=$(services_stay "$moment" "$@"); do
        start_ended "$@" || : # as it was made, never from a file; what its policy starts again is waited for
        [ "$(date +%s)" -lt $deadline ] || { echo "$said"; exit 1; }
        sleep 0.2
    done
)
await_running() ( # SECONDS PROJECT SERVICE[=REPLICAS] IMAGE_ID HASHES|any…: what started while its neighbours were away finds them again
    deadline=$(($(date +%s) + $1))
    shift
    until said=$(services_are running "$@"); do
        [ "$(date +%s)" -lt $deadline ] || { echo "$said"; exit 1; }
        sleep 0.2
    done
)
nl='
'
# shellcheck disable=SC2046,SC2086  # names of services hold no blank
compose_up() ( # PROJECT DIR FILE SERVICE[=REPLICAS]…: only these services, only from images that are here
    project=$1 dir=$2 file=$3
    shift 3
    up() { # FLAG SERVICE[=REPLICAS]…: Compose wants a count for those alone that it is asked for
        how=$1
        shift
        docker compose --ansi never --progress plain -p "$project" --project-directory "$dir" -f "$file" \
            up -d --no-build --pull never --no-deps $how $(counts_of "$@") $(names_of "$@")
    }
    up '' "$@" || {
        # Made and never started, since the engine went down under it: the engine may say "task already exists" for
        # ever. Such a container has held nothing yet; it is made anew.
        stuck=$nl$(containers "$project" | awk '$5 == "created" { print $1 }')$nl anew=
        for word; do case $stuck in *"$nl${word%%=*}$nl"*) anew="$anew $word" ;; esac; done
        [ -z "$anew" ] || up --force-recreate $anew
        up '' "$@"
    }
    # Compose found them as the files say, or made them so: these labels mean "made from these files" too, whatever
    # a `config --hash` of this Compose would say (2.26 leaves out env_file there, and depends_on here).
    all=$(containers "$project")
    for service in $(names_of "$@"); do
        of_service "$service" "$all" | cut -d ' ' -f 4 | sort -u >"$run/facts/up-$list-$service"
    done
)
start_or_up() ( # PROJECT DIR FILE then SERVICE[=REPLICAS] IMAGE_ID HASHES|any…: started as they were made, which Compose takes longer to see
    project=$1 dir=$2 file=$3
    shift 3
    if services_are there "$project" "$@" >/dev/null && start_ended "$project" "$@" && services_are up "$project" "$@" >/dev/null; then exit; fi
    # shellcheck disable=SC2046  # names of services hold no blank
    compose_up "$project" "$dir" "$file" $(printf '%s\n' "$@" | sed -n '1~3p')
)
services_stopped() ( # PROJECT SERVICE…
    all=$(containers "$1") || exit
    shift
    for service; do
        ! printf '%s\n' "$all" | awk -v service="$service" '$1 "" == service ""' | grep -Eq ' (running|restarting|paused) ' || exit 1
    done
)
stop_services() ( # PROJECT SERVICE…: stopped, never removed
    project=$1
    shift
    for service; do
        ids=$(docker ps -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service")
        # shellcheck disable=SC2086  # ids are hex words
        [ -z "$ids" ] || docker stop $ids
    done
)
