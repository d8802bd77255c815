# shellcheck shell=sh disable=SC2154  # run comes from step.sh; the functions of backup.sh stand beside
# A dump that can be trusted: made in a hidden folder of the run's own beside the backups, proven, then renamed into
# place, the dump last: what bears a backup's name is whole. Its reading is in backup.sh.
making() { printf '%s/.hummii-ops-%s' "$1" "${run##*/}"; } # FOLDER: where this run makes its dump
placed_already() { grep -qxs "run=${run##*/}" "$1/$2.manifest" && [ -s "$1/$2" ]; } # FOLDER NAME: by this run, before it was cut

dump_made() ( placed_already "$@" || { [ -s "$run/facts/dumped" ] && [ -s "$(making "$1")/$2" ]; } ) # FOLDER NAME
make_dump() ( # FOLDER NAME PROJECT SERVICE DATABASE USER: what an earlier run left half done is swept first
    umask 077
    dir=$(making "$1") database=$5 user=$6
    [ ! -e "$1/$2" ] || { echo "$1/$2 is there already"; exit 1; }
    container=$(database_container "$3" "$4")
    # no run is at work but this one: a dump that still runs in there is of a run that was cut
    printf '%s\n' "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'hummii-ops/%-db-%' AND pid <> pg_backend_pid();" |
        in_database "$container" "$database" "$user" psql -X -qAt -v ON_ERROR_STOP=1
    rm -rf "$1"/.hummii-ops-*
    mkdir -p "$run/facts" "$dir"
    started=$(date +%s%3N)
    # a part of a dump must not be what fills the disk
    in_database "$container" "$database" "$user" pg_dump -Fc -Z1 </dev/null >"$dir/$2" || { rm -rf "$dir"; exit 1; }
    sync "$dir/$2"
    printf 'started=%s\nended=%s\n' "$started" "$(date +%s%3N)" | fact dumped
)
fact() { # NAME <lines: a value born in this run, whole or not there
    # by &&: where the caller asks with ||, set -e does not end it here
    cat >"$run/facts/.$1" && sync "$run/facts/.$1" &&
        mv -f "$run/facts/.$1" "$run/facts/$1"
}
dump_decodes() ( # it was read to its last byte, and its end is there
    grep -qxs 'code 0' "$run/facts/contents" && grep -qx complete "$run/facts/contents"
)
decode_dump() ( # FOLDER NAME PROJECT SERVICE SECONDS: the rows are counted on the way, so they are those of the dump's snapshot
    facts_of custom none "$(making "$1")/$2" "$(database_container "$3" "$4")" "$5" | fact contents
)
dump_summed() ( placed_already "$@" || { cd "$(making "$1")" && sha256sum --quiet --strict -c "$2.sha256"; } ) # FOLDER NAME
sum_dump() ( # FOLDER NAME
    cd "$(making "$1")" || exit
    sha256sum "$2" >"$2.sha256"
    sync "$2.sha256"
)
manifest_written() ( # FOLDER NAME
    placed_already "$@" && exit
    grep -qxs "sha256=$(cut -d ' ' -f 1 "$(making "$1")/$2.sha256")" "$(making "$1")/$2.manifest"
)
write_manifest() ( # FOLDER NAME DATABASE RELEASE: what the dump says of itself, as key=value lines
    cd "$(making "$1")" || exit
    {
        printf 'schema=hummii-ops/backup/v1\ndatabase=%s\nrelease=%s\nrun=%s\n' "$3" "$4" "${run##*/}"
        cat "$run/facts/dumped"
        printf 'size=%s\nsha256=%s\n' "$(stat -c %s "$2")" "$(cut -d ' ' -f 1 "$2.sha256")"
        sed -n 's/^\(from\|by\|rows\|migration\) /\1=/p' "$run/facts/contents"
    } >"$2.manifest"
    sync "$2.manifest"
)
backup_placed() ( # FOLDER NAME: there with both that belong to it, and its bytes are those of its checksum
    cd "$1" && [ ! -e "$(making "$1")" ] && [ -s "$2.manifest" ] && sha256sum --quiet --strict -c "$2.sha256"
)
dump_swept() ( [ ! -e "$(making "$1")" ] ) # FOLDER
sweep_dump() ( rm -rf "$(making "$1")" )   # FOLDER: what is not placed yet goes
place_backup() ( # FOLDER NAME
    for file in "$2.manifest" "$2.sha256" "$2"; do
        [ ! -e "$(making "$1")/$file" ] || mv -T "$(making "$1")/$file" "$1/$file"
        sync "$1"
    done
    rm -rf "$(making "$1")"
)
