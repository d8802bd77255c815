# shellcheck shell=sh disable=SC2154  # the settings, $work and what look.sh found
# The restore points of this host as the lines that choose.sh reads, judged as facts/restore_points/releases.py and facts/restore_points/bare.py do.
# Never drops one: what cannot be restored is listed with the reason. It changes nothing.
# Of each release it leaves in $work/release/ID/: path, services "service image ref hash|-", files, identity, uses,
# config (where what Compose makes of it lies).

facts_now() { # the whole of $work/facts
    mkdir -p "$work/release" "$work/config"
    {
        printf 'now\t%s\n' "$now"
        awk -F '\t' '{ printf "container\t%s\t%s\t%s\n", $1, $4, $6 }' "$work/containers"
        last_run
        for path in "$backups/${compose_file##*/}.backup-"*; do
            case $path in *.release) [ ! -d "$path" ] || continue ;; esac
            if [ -e "$path" ] || [ -L "$path" ]; then release "$path"; fi
        done | sort -t "$tab" -k 3,3nr -k 2,2r
    } >"$work/facts"
}
last_run() { # the newest run that is done and had a target
    for state in $(find "$home/runs" -mindepth 2 -maxdepth 2 -name state 2>/dev/null | sort -r); do
        folder=${state%/state} to=
        [ "$(cat "$state" 2>/dev/null)" != "done" ] || to=$(sed -n '/^to=/{s///p;q;}' "$folder/about")
        [ -n "$to" ] || continue
        printf 'run\t%s\t%s\tdone\t%s\t%s\n' "${folder##*/}" "$(sed -n '/^task=/{s///p;q;}' "$folder/about")" \
            "$to" "$(date -r "$state" +%s%3N)"
        return
    done
}
release() { # PATH: its line
    path=$1 raw=${1#"$backups/${compose_file##*/}.backup-"}
    id=$(printf '%s' "$raw" | tr -c '[:print:]' '?')
    at=$(moment "$raw") || at=-
    dir=$work/release/$id
    case $id in '' | .*) dir=$work/release/odd ;; esac
    mkdir -p "$dir"
    printf '%s\n' "$path" >"$dir/path"
    : >"$dir/files" && : >"$dir/uses" && : >"$dir/services"
    why=$(judge) || why=${why:-it cannot be judged}
    images=$(awk '{ printf "%s%s=%s", (NR > 1 ? "," : ""), $1, $2 }' "$dir/services")
    goodness=unknown
    [ ! -s "$dir/identity" ] || goodness=$(sed -n '/^mark=/{s///p;q;}' "$home/marks/$(cat "$dir/identity")" 2>/dev/null)
    running=-
    # `drifted`: it runs, and another compose file is on the disk: who names it gets the file back
    ! is_running || { running=running && [ "$(cat "$dir/sha")" = "$disk_sha" ] || running=drifted; }
    version=$(cat "$dir/version" 2>/dev/null)
    printf 'release\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$id" "$at" "${goodness:-unknown}" \
        "$([ -n "$why" ] && echo no || echo yes)" "$running" "${version:--}" "${images:--}" "${why:--}" \
        "$(cat "$dir/identity" 2>/dev/null || echo -)" "$([ -d "$path.release" ] && echo recorded || echo -)"
}
judge() { # prints why it cannot be restored, or nothing
    [ ! -L "$path" ] || { echo "it is a symbolic link, not a compose file" && return; }
    [ ! -d "$path" ] || { echo "it is a folder, not a compose file" && return; }
    [ -f "$path" ] || { echo "it is not a regular file" && return; }
    if [ ! -r "$path" ] || [ "$(stat -c %s "$path")" -gt 262144 ]; then
        echo "its compose file cannot be read, or is larger than 256 KiB" && return
    fi
    sha=$(sha256sum <"$path") && sha=${sha%% *}
    printf '%s\n' "$sha" >"$dir/sha"
    config=$work/config/$sha
    set --
    if [ -d "$path.release" ]; then
        recorded_whole || return 0
        config=$config.$id
        if [ -f "$path.release/files/.env" ]; then
            printf '%s\n' "$path.release/files/.env" >"$dir/uses"
            set -- --env-file "$path.release/files/.env"
        fi
    fi
    printf '%s\n' "$config" >"$dir/config"
    # backups that hold the same bytes mean the same
    [ -e "$config" ] || config_of "$path" "$@" >"$config" || { mv "$config" "$config.bad" && : >"$config"; }
    [ ! -e "$config.bad" ] || { echo "Compose refuses it: $(cat "$config.bad")" && return; }
    if [ -d "$path.release" ]; then
        awk -v OFS=' ' '{ print $1, $2, $4, $3 }' "$path.release/services" >"$dir/services"
    else
        images_of "$config" | awk '
            FNR == NR { if ($1 == "service") ref[$2] = $3; next }
            { print $1, $2, ref[$1], "-" }' "$config" - >"$dir/services"
    fi
    identify
    awk '$3 == "-" { print "service " $1 " names no image: it was built on the host"; exit }' "$dir/services" | grep . && return
    missing_image || { [ -d "$path.release" ] || moved_tag; } || missing_mount || true
}
recorded_whole() { # or says why the record cannot be believed; then it is not restorable, rather than bare
    [ -f "$path.release/record.json" ] || { echo "its record is missing: the folder beside it has no record.json" && return 1; }
    [ -f "$path.release/services" ] || { echo "its record is of an older hummii-ops, without the list for this door: use fab rollback" && return 1; }
    (cd "$path.release" && sha256sum --quiet --strict -c manifest >/dev/null 2>&1) || { echo "a file of its record is not as recorded" && return 1; }
    cmp -s "$path" "$path.release/compose" || { echo "the compose file is not as recorded" && return 1; }
    cat "$path.release/names" >"$dir/files"
}
identify() { # identity and version, from the services
    # shellcheck disable=SC2046  # neither a name of an image nor an id holds a space
    version_of $(awk -v s="$version_service" '$1 == s { print $3, $2; exit }' "$dir/services") | tr -cd '[:print:]\n' >"$dir/version"
    [ -s "$dir/services" ] && ! grep -q '^[^ ]* - ' "$dir/services" || return 0
    identity_of "$sha" "$dir/services" >"$dir/identity"
}
version_of() ( # [REF IMAGE|-]: the tag, unless that says nothing; then the image's version label. As facts/restore_points/image_refs.py
    [ $# = 2 ] || exit 0
    last=${1##*/} last=${last%%@*} tag=
    case $last in *:*) tag=${last#*:} ;; esac
    ! printf '%s\n' "$1" | grep -Eqx '(sha256:)?[0-9a-f]{64}' || tag=
    case $tag in
        '' | latest)
            [ "$2" = - ] || image_named "$2"
            label=$(image=$2 awk -F '\t' '$1 "" == ENVIRON["image"] "" && $4 != "-" { print $4; exit }' "$work/images")
            tag=${label:-$tag} ;;
    esac
    printf '%s\n' "$tag"
)
identity_of() { # SHA SERVICES ("service image …" lines): what a release is
    { printf 'compose %s\n' "$1" && awk '{ print "image", $1, $2 }' "$2"; } | LC_ALL=C sort | sha256sum | cut -d ' ' -f 1
}
missing_image() { # 0 when it said something
    while read -r service image ref _; do
        if [ "$image" = - ] || { [ -d "$path.release" ] && ! docker image inspect --format . "$image" >/dev/null 2>&1; }; then
            echo "image $ref is not on the host"
            return 0
        fi
    done <"$dir/services"
    return 1
}
moved_tag() { # a tag that may have moved since is not believed, unless a container from before proves it
    kept=$at
    [ "$kept" != - ] || kept=$now
    while read -r service image ref _; do
        case $ref in *@* | sha256:*) continue ;; esac
        created=$(ref=$ref awk -F '\t' '$1 "" == ENVIRON["ref"] "" { print $3; exit }' "$work/images")
        last=${ref##*/}
        case $last in
            *:latest) ;;
            *:*) [ "${created:--}" = - ] || [ "$created" -gt "$kept" ] || continue ;;
        esac
        ! s=$service i=$image kept=$kept awk -F '\t' '$1 == ENVIRON["s"] && $4 == ENVIRON["i"] && $6 <= ENVIRON["kept"] + 0 { found = 1 } END { exit !found }' "$work/containers" || continue
        echo "$ref: this tag no longer names the old image"
        return 0
    done <"$dir/services"
    return 1
}
missing_mount() { # a file that it mounts; a folder would be made
    while read -r word place; do
        [ "$word" = mount ] || continue
        case ${place##*/} in ?*.?*) ;; *) continue ;; esac
        [ ! -e "$place" ] || continue
        case $place in "$project_dir"/*) ! grep -qxF "${place#"$project_dir"/}" "$dir/files" || continue ;; esac
        echo "$place, which it mounts, does not exist"
        return 0
    done <"$config"
    return 1
}
is_running() { # equal to what runs: every image, the compose file if the one on disk runs, the recorded files
    [ -s "$dir/services" ] && [ -s "$work/running" ] || return 1
    awk '{ printf "%s\t%s\n", $1, $2 }' "$dir/services" | sort | cmp -s - "$work/running" || return 1
    [ "$disk" = no ] || [ "$(cat "$dir/sha")" = "$disk_sha" ] || return 1
    while read -r name; do
        [ ! -e "$project_dir/$name" ] || cmp -s "$path.release/files/$name" "$project_dir/$name" || return 1
    done <"$dir/files"
}
