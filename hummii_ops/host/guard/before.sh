# shellcheck shell=sh disable=SC2034,SC2154  # the files that are sourced share these names
# Before the script of a guarded deploy: a backup of the database, and a restore point of the release that runs.
# Usage: sh before.sh LIB PROJECT_DIR RUN. 3: it cannot be recorded; then the script must not run.
set -u
lib=$1 given_dir=$2 run=$3
home=$given_dir/.hummii-ops dir=$given_dir/.hummii-ops/deploys/$3 refusing=restore-point
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
trap '[ -z "${folder:-}" ] || (run=$dir && sweep_dump "$folder"); exit 143' INT TERM
. "$lib/guard/parts.sh"
unset -f docker # a dump takes as long as it takes; all of this has a limit of its own
. "$lib/run/verbs/database.sh"
stop() { # CODE WORDS [NEXT]
    stop_words "$2" "${3:-}"
    note refused "$refusing" why "$2"
    exit "$1"
}
settings "$lib/settings"

recorded_at() { # the moment of the restore point: its name is nobody else's
    until now=$(date +%s%3N) && stamp=$(date -u -d "@$((now / 1000))" +%Y%m%d_%H%M%SZ) &&
        [ ! -e "$backups/${compose_file##*/}.backup-$stamp" ] && [ ! -e "$project_dir/$database_backups/$(dump_name)" ]; do sleep 0.2; done
}
dump_name() { # as plans/backup_db.py names it
    plain=$(printf '%s' "$database_name" | tr -c 'A-Za-z0-9_.-' '_' | sed 's/^[.-]*//')
    printf '%s-%s.dump' "${plain:-database}" "$stamp"
}
back_up() { # the verbs of fab backup-db, one after the other: decoded to its last byte before it has its name
    folder=$project_dir/$database_backups name=$(dump_name) run=$dir
    mkdir -p "$folder" || return 1
    set -- "$folder" "$name"
    make_dump "$@" "$project" "$database_service" "$database_name" "$database_user" && dump_made "$@" &&
        decode_dump "$@" "$project" "$database_service" 3600 && dump_decodes && sum_dump "$@" && dump_summed "$@" &&
        write_manifest "$@" "$database_name" "$left_version" && manifest_written "$@" && place_backup "$@" && backup_placed "$@"
}
record_json() { # as run/restore_point.py writes it
    printf '{"schema": "hummii-ops/release/v1", "at": "%s", "reason": %s, "who": %s, "compose_sha256": "%s",\n' \
        "$(date -u -d "@$((now / 1000))" +%FT%T+00:00)" "$(json "before deploy $run")" "$(json "$(value who)")" "$disk_sha"
    printf '"services": {'
    between=
    while read -r service image hash ref; do
        digest=$(docker image inspect --format '{{with .RepoDigests}}{{index . 0}}{{end}}' "$image" 2>/dev/null)
        printf '%s%s: {"ref": %s, "image_id": "%s", "digest": %s, "config_hash": %s}' "$between" "$(json "$service")" "$(json "$ref")" \
            "$image" "$(null_or "$digest")" "$(json "$hash")"
        between=', '
    done <"$point/services"
    printf '},\n"files": {%s},\n' "$(awk "$writer"'{ printf "%s%s: \"%s\"", (NR > 1 ? ", " : ""), json($1), $2 }' "$work/others")"
    printf '"version": %s, "identity": "%s", "schema_head": %s, "database_backup": %s}\n' "$(null_or "$left_version")" "$identity" \
        "$(null_or "$(value schema_head)")" "$(null_or "$(value database_backup)")"
}
keep_point() { # the restore point, by the same verb as fab snapshot
    point=$work/point
    mkdir "$point" || return 1
    grep -v "^$compose_file " "$work/left.files" >"$work/others"
    cut -d ' ' -f 1 "$work/others" >"$point/names"
    awk -F '\t' '!seen[$1]++ { print $1, $4, ($7 == "" ? "-" : $7), $5 }' "$work/containers" | LC_ALL=C sort >"$point/services"
    record_json >"$point/record.json"
    {
        for part in record.json services; do printf '%s  %s\n' "$(sha_of_file "$point/$part")" $part; done
        printf '%s  compose\n' "$disk_sha"
        awk '{ print $2 "  files/" $1 }' "$work/others"
    } >"$point/manifest"
    # shellcheck disable=SC2046  # ids are hex words
    with_entry "$point" keep_release "$backups/${compose_file##*/}.backup-$stamp" "$compose_file" $(cut -d ' ' -f 2 "$point/services" | sort -u)
}
drifted() { cut -f 1,4 "$work/left" | sed -n "s/$tab-\$//p" | paste -s -d , | sed 's/,/, /g'; }
without() { # FLAG_VALUE WORDS FLAG: refused, unless it was said beforehand
    [ -n "$1" ] || stop 3 "refused: $2; the script did not run" "mend it; or deploy without: $3"
    echo "! $2 ($3)"
}

look || stop 3 'refused: docker does not answer; the script did not run' 'docker ps; systemctl status docker'
left_version='' identity=''
[ -s "$work/containers" ] || { echo 'nothing runs yet: there is no release to go back to' && exit 0; }
left_version=$(version_of_left)
note release_before "$left_version"
disk_sha=$(sha_of_file "$compose_path") || without "$(value no_point)" "$compose_path cannot be read" --no-restore-point
recorded_at
if [ -n "$database_name" ]; then
    head=$(recorded "$project" "$database_service" "$database_name" "$database_user" 2>/dev/null | tr '\036' '\n' |
        awk -F '\037' '$2 == "t" && $3 == "f" { print $1 }' | LC_ALL=C sort | tail -n 1)
    note schema_head "$head"
    if [ -n "$(value no_backup)" ]; then
        echo '! no backup of the database (--no-backup)'
    elif back_up; then
        note database_backup "$name"
        echo "backup of the database: $database_backups/$name"
    else
        run=$dir
        sweep_dump "$folder"
        stop 3 'refused: the database could not be backed up; the script did not run' "see why: $dir/output.log; or deploy without: --no-backup"
    fi
    run=$3
fi
left_files >"$work/left.files"
drift=$(drifted)
if [ -n "$drift" ] || [ -z "$disk_sha" ] || [ ! -s "$work/running" ]; then
    without "$(value no_point)" "what runs cannot be recorded: the files on disk are not what runs (${drift:-replicas of different images})" --no-restore-point
else
    cut -f 1,3 "$work/left" | tr '\t' ' ' >"$work/left.services"
    identity=$(identity_of "$disk_sha" "$work/left.services")
    note identity_before "$identity"
    if keep_point; then
        note restore_point "$stamp"
        echo "restore point of ${left_version:-what runs}: $stamp"
    else
        without "$(value no_point)" 'the restore point could not be written' --no-restore-point
    fi
fi
