# shellcheck shell=sh
# Images are named by id (sha256:…); a tag is only a name for one. Nothing that we did not create is removed.
image_is() ( [ "$(docker image inspect --format '{{.ID}}' "$1" 2>/dev/null)" = "$2" ] ) # REF ID
ids_of() { docker image inspect --format '{{.ID}}' "$@" 2>/dev/null; } # REF…: a line each, in one call of docker
images_are() ( # REF ID…: each name means that image
    ids='' left=$#
    while [ "$left" -ge 2 ]; do
        ref=$1 ids=$ids$2,
        shift 2
        set -- "$@" "$ref"
        left=$((left - 2))
    done
    [ $# = 0 ] || [ "$(ids_of "$@" | tr '\n' ,)" = "$ids" ]
)
tag_images() ( # REF ID…
    while [ $# -ge 2 ]; do
        image_is "$1" "$2" || docker tag "$2" "$1"
        shift 2
    done
)
pull_image() ( docker pull -q "$1" ) # REPO@DIGEST
images_pinned() ( # ID…
    for id; do
        shift
        set -- "$@" "hummii-ops/keep:$(pin_of "$id")" "$id"
    done
    images_are "$@"
)
pin_images() ( # ID…: no prune takes a tagged image
    for id; do docker tag "$id" "hummii-ops/keep:$(pin_of "$id")" & done
    wait
)
pin_of() ( id=${1#sha256:} && printf '%.12s' "$id" )
