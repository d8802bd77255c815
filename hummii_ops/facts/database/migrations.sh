# shellcheck shell=sh
# The migrations that images ship, and those that a database has recorded. Shared by the read and by the server's door.
# Nothing of an image is ever started: its files are copied out of a container that is made for that and taken away.
# `in_database` and `database_container` of backup.sh stand before it.

# Labels of an image become those of its containers. With Compose's own this one would count as a part of the stack.
made_for_reading() { # IMAGE: the id of a container of it, without a network, whose program does not exist
    docker create --label "hummii-ops.reads=$(date +%s)" --label com.docker.compose.project= \
        --label com.docker.compose.service= --network none --entrypoint /hummii-ops/starts/nothing "$1" 2>/dev/null
}
shipped() ( # IMAGE FOLDER (absolute, inside of it): a tar of the folder, at most 16 MiB; nothing if there is none
    id=$(made_for_reading "$1") || exit
    trap 'docker rm -v "$id" >/dev/null 2>&1 &' EXIT # nobody waits for it; what it misses, `left_behind` finds
    docker cp -L "$id:$2" - 2>/dev/null | head -c 16777216
)
folders() { # MIGRATIONS_DIR IMAGE…: "image folder" of those that are here
    below=$1
    shift
    docker image inspect --format '{{.Id}} {{.Config.WorkingDir}}' "$@" 2>/dev/null | while read -r image place; do
        printf '%s %s/%s\n' "$image" "${place%/}" "$below"
    done
}
recorded() ( # PROJECT SERVICE DATABASE USER: the rows of _prisma_migrations; fields end with 0x1f, lines with 0x1e
    container=$(database_container "$1" "$2" 2>/dev/null) || { echo "PostgreSQL's container does not run" && exit 1; }
    in_database "$container" "$3" "$4" timeout 5 psql -X -qAt -F "$(printf '\037')" -R "$(printf '\036')" -c \
        "SELECT migration_name, finished_at IS NOT NULL, rolled_back_at IS NOT NULL, checksum
           FROM \"_prisma_migrations\" ORDER BY started_at" 2>&1
)
left_behind() { # takes away what a read that was cut has left: never what runs, nor what another one needs now
    docker ps -a --no-trunc --filter label=hummii-ops.reads --format '{{.ID}} {{.Label "hummii-ops.reads"}}' 2>/dev/null |
        while read -r id since; do
            case $since in '' | *[!0-9]*) continue ;; esac
            [ $(($(date +%s) - since)) -lt 60 ] || docker rm -v "$id" >/dev/null 2>&1
        done
}
