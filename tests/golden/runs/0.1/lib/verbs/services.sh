# shellcheck shell=sh disable=SC2154  # run, home, lib and list come from step.sh
# Services of a Compose project, judged by what runs and never by the file alone.
containers() { # PROJECT: a line a container: service id image config-hash status health restarts oom exit started policy
    ids=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$1" --filter label=com.docker.compose.oneoff=False) || return 1
    # shellcheck disable=SC2086  # ids are hex words
    [ -z "$ids" ] || docker inspect --type container --format '{{index .Config.Labels "com.docker.compose.service"}} {{.ID}} {{.Image}} {{index .Config.Labels "com.docker.compose.config-hash"}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.RestartCount}} {{.State.OOMKilled}} {{.State.ExitCode}} {{.State.StartedAt}} {{.HostConfig.RestartPolicy.Name}}' $ids
}
of_service() { # SERVICE CONTAINERS: its lines; none is a failure
    printf '%s\n' "$2" | grep "^$1 " || { echo "$1: no container"; return 1; }
}
made_from() { # SERVICE HASH HASHES|any: one of these labels, or the one that this list's own `up` gave it
    [ "$3" != any ] || return 0
    case ,$3, in *",$2,"*) return 0 ;; esac
    grep -qxs "$2" "$run/facts/up-$list-$1"
}
services_run() ( # PROJECT then for each service: SERVICE IMAGE_ID HASHES|any
    all=$(containers "$1")
    shift
    while [ $# -ge 3 ]; do
        found=$(of_service "$1" "$all") || { echo "$found"; exit 1; }
        echo "$found" | while read -r service id image hash status _ _ _ exit_code _ policy; do
            [ "$image" = "$2" ] || { echo "$service: $id runs image $image, not $2"; exit 1; }
            made_from "$service" "$hash" "$3" || { echo "$service: $id was made from another configuration"; exit 1; }
            case $status:$policy:$exit_code in running:* | exited:no:0 | exited::0) ;; *) echo "$service: $id is $status"; exit 1 ;; esac
        done || exit 1
        shift 3
    done
)
services_exist() ( # PROJECT then SERVICE IMAGE_ID HASHES|any…: as services_run, for those that were ill before
    all=$(containers "$1")
    shift
    while [ $# -ge 3 ]; do
        found=$(of_service "$1" "$all") || { echo "$found"; exit 1; }
        echo "$found" | while read -r service id image hash status _; do
            [ "$image" = "$2" ] && made_from "$service" "$hash" "$3" && [ "$status" != created ] || { echo "$service: $id is not as it was"; exit 1; }
        done || exit 1
        shift 3
    done
)
compose_up() ( # PROJECT DIR FILE SERVICE…: only these services, only from images that are here
    project=$1 dir=$2 file=$3
    shift 3
    docker compose --ansi never --progress plain -p "$project" --project-directory "$dir" -f "$file" \
        up -d --no-build --pull never --no-deps "$@"
    # Compose found them as the files say, or made them so: these labels mean "made from these files" too, whatever
    # a `config --hash` of this Compose would say (2.26 leaves out env_file there, and depends_on here).
    all=$(containers "$project")
    for service; do
        of_service "$service" "$all" | cut -d ' ' -f 4 | sort -u >"$run/facts/up-$list-$service"
    done
)
services_stopped() ( # PROJECT SERVICE…
    all=$(containers "$1")
    shift
    for service; do
        ! printf '%s\n' "$all" | grep -Eq "^$service .* (running|restarting|paused) " || exit 1
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
