# shellcheck shell=sh disable=SC2154  # run, home and lib come from step.sh
# Services of a Compose project, judged by what runs and never by the file alone.
containers() { # PROJECT SERVICE: one line a container: id image config-hash status health restarts oom exit started restart-policy
    ids=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$1" \
        --filter "label=com.docker.compose.service=$2" --filter label=com.docker.compose.oneoff=False)
    # shellcheck disable=SC2086  # ids are hex words
    [ -z "$ids" ] || docker inspect --type container --format '{{.ID}} {{.Image}} {{index .Config.Labels "com.docker.compose.config-hash"}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.RestartCount}} {{.State.OOMKilled}} {{.State.ExitCode}} {{.State.StartedAt}} {{.HostConfig.RestartPolicy.Name}}' $ids
}
config_hashed() ( # FACT PROJECT DIR FILE
    [ -s "$run/facts/$1" ] && [ "$(sha_of "$4")" = "$(cat "$run/facts/$1.of")" ]
)
hash_config() ( # FACT PROJECT DIR FILE: what Compose itself would compare, for each service
    mkdir -p "$run/facts"
    config_hashes "$2" "$3" -f "$4" >"$run/facts/.$1"
    sha_of "$4" >"$run/facts/$1.of"
    sync "$run/facts/.$1" "$run/facts/$1.of"
    mv -f "$run/facts/.$1" "$run/facts/$1"
)
made_from() { # SERVICE HASH FACT|any: the container was made from the files that the fact speaks of
    [ "$3" = any ] || grep -qx "$1 $2" "$run/facts/$3"
}
services_run() ( # PROJECT then for each service: SERVICE IMAGE_ID FACT|any
    project=$1
    shift
    while [ $# -ge 3 ]; do
        service=$1 image=$2 fact=$3
        shift 3
        found=$(containers "$project" "$service")
        [ -n "$found" ] || { echo "$service: no container"; exit 1; }
        echo "$found" | while read -r id is_image hash status _ _ _ exit_code _ policy; do
            [ "$is_image" = "$image" ] || { echo "$service: $id runs image $is_image, not $image"; exit 1; }
            made_from "$service" "$hash" "$fact" || { echo "$service: $id was made from another configuration"; exit 1; }
            case $status:$policy:$exit_code in running:* | exited:no:0 | exited::0) ;; *) echo "$service: $id is $status"; exit 1 ;; esac
        done || exit 1
    done
)
services_exist() ( # PROJECT then SERVICE IMAGE_ID FACT|any…: as services_run, for those that were ill before
    project=$1
    shift
    while [ $# -ge 3 ]; do
        containers "$project" "$1" | { read -r _ image hash status _ &&
            [ "$image" = "$2" ] && made_from "$1" "$hash" "$3" && [ "$status" != created ]; } || { echo "$1 is not as it was"; exit 1; }
        shift 3
    done
)
compose_up() ( # PROJECT DIR FILE SERVICE…: only these services, only from images that are here
    project=$1 dir=$2 file=$3
    shift 3
    docker compose --ansi never --progress plain -p "$project" --project-directory "$dir" -f "$file" \
        up -d --no-build --pull never --no-deps "$@"
)
services_stopped() ( # PROJECT SERVICE…
    project=$1
    shift
    for service; do
        ! containers "$project" "$service" | grep -Eq ' (running|restarting|paused) ' || exit 1
    done
)
stop_services() ( # PROJECT SERVICE…: stopped, never removed
    project=$1
    shift
    for service; do
        docker ps -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service" |
            xargs -r docker stop
    done
)
