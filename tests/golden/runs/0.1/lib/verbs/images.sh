# shellcheck shell=sh
# Images are named by id (sha256:…); a tag is only a name for one. Nothing that we did not create is removed.
image_is() ( [ "$(docker image inspect --format '{{.ID}}' "$1" 2>/dev/null)" = "$2" ] ) # REF ID
images_are() ( # REF ID…: each name means that image
    while [ $# -ge 2 ]; do
        image_is "$1" "$2" || exit 1
        shift 2
    done
)
tag_images() ( # REF ID…
    while [ $# -ge 2 ]; do
        image_is "$1" "$2" || docker tag "$2" "$1"
        shift 2
    done
)
pull_image() ( docker pull -q "$1" ) # REPO@DIGEST
images_pinned() ( for id; do image_is "hummii-ops/keep:$(pin_of "$id")" "$id" || exit 1; done ) # ID…
pin_images() ( for id; do docker tag "$id" "hummii-ops/keep:$(pin_of "$id")"; done ) # ID…: no prune takes a tagged image
pin_of() ( id=${1#sha256:} && printf '%.12s' "$id" )
