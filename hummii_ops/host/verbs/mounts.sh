# shellcheck shell=sh
# Files that are mounted alone into a container. Where one is replaced by a rename, a container that runs keeps the old one:
# only a start looks for it anew by its name.
sees_files() ( # PROJECT SERVICE PATH…: each container of it that runs was started after these files came to be as they are
    all=$(containers "$1")
    found=$(of_service "$2" "$all") || { echo "$found"; exit 1; }
    shift 2
    changed=$(stat -L -c %.9Z "$@" | tr -d ., | sort -n | tail -n 1)
    echo "$found" | while read -r service id _ _ status _ _ _ _ started _; do
        [ "$status" = running ] || continue
        [ "$(date -d "$started" +%s%N)" -gt "$changed" ] || { echo "$service: $id was started before $* changed"; exit 1; }
    done
)
restart_service() ( # PROJECT SERVICE: those of its containers that run, one after the other
    ids=$(docker ps -q --filter "label=com.docker.compose.project=$1" --filter "label=com.docker.compose.service=$2" \
        --filter label=com.docker.compose.oneoff=False)
    # shellcheck disable=SC2086  # ids are hex words
    [ -z "$ids" ] || docker restart $ids
)
