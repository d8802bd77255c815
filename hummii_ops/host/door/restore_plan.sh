# shellcheck shell=sh disable=SC2154,SC2034,SC2030,SC2031,SC2317  # a folder is made in a subshell, with words of its own; the settings, $work and what look.sh and backup_file.sh found
# The two plans of a rollback of the database as folders of runs, with the steps of plans/prepare_db.py, rollback_db.py
# and swap.py. The second is the plan of a rollback whose code stays; it lies ready until the first has prepared.
staying() { # the code stays: its writers are started again, and must be well on the database that is restored
    [ "$disk" = yes ] || stop 3 "refused: $compose_file is not what runs (a deploy that was not finished?): starting the code again would start something else" \
        'put back the file of what runs, or from a laptop: fab rollback-db --to=…'
    setting writer >"$work/writers"
    [ -s "$work/writers" ] || echo "$version_service" >"$work/writers"
    left_files >"$work/left.files"
    cut -f 1 "$work/left" >"$work/here"
    grep -xFf "$work/here" "$work/writers" >"$work/changed"
    awk -F '\t' -v OFS='\t' '{ $5 = "runs"; $6 = "-"; print }' "$work/left" >"$work/target"
    awk -F '\t' '$5 == "stopped" { print $1 }' "$work/left" | grep -vxFf "$work/writers" >"$work/resting"
    awk -F '\t' '$5 == "ill" { print $1 }' "$work/left" | grep -vxFf "$work/writers" >"$work/ill"
    for list in target.files extra merged mounted; do : >"$work/$list"; done
    one_name target
    release=$work/staying release_path='' chosen='' left_identity=
    mkdir -p "$release" && : >"$release/files"
    cut -f 1,3 "$work/left" | tr '\t' ' ' >"$work/left.services"
    [ ! -s "$work/left.services" ] || left_identity=$(identity_of "$disk_sha" "$work/left.services")
    target_identity=$left_identity
    left_version=$(version_of_left)
    printf '%s' "$left_version" >"$release/version"
    label=${left_version:-unknown version}
}
prepare_folder() ( # the run $first, in $work/first; it touches nothing that is served
    made=$work/first work=$work/nothing task=prepare-db swap='' label='' left_identity='' target_identity='' health_url=''
    export made
    mkdir -p "$work" "$made"
    for list in left target left.files target.files; do : >"$work/$list"; done
    cp "$work/../watched" "$work/"
    forward() { prepare; }
    back() { :; }
    tidy() { tidied; }
    sentences() { prepare_sentences; }
    cautions() { :; }
    checklist() { :; }
    schema_json() { echo null; }
    of_backup() { sed -n "s/^$1 //p" "$work/../contents"; }
    of_backup rows | LC_ALL=C sort >"$made/rows.expected"
    of_backup objects | grep -v ' SEQUENCE SET$' | LC_ALL=C sort >"$made/objects.expected"
    of_backup sequence | LC_ALL=C sort >"$made/sequences.expected"
    of_backup migration | LC_ALL=C sort >"$made/schema"
    printf 'name=%s\npath=%s\nat=\n' "$backup_name" "$backup" >"$made/backup"
    echo >"$made/code"
    printf '%s\n' "$second" >"$made/next"
    [ ! -s "$lib/check.sql" ] || cp "$lib/check.sql" "$made/"
    run_folder "$first" "$who" "$reason"
)
exchange_folder() ( # the run $second, in $work/second; the first one's lists of migrations is what it proves
    made=$work/second task=rollback-db
    export made
    mkdir -p "$made"
    cp "$work/first/schema" "$made/"
    swap=$(swap_json) head=$(tail -n 1 "$made/schema") no_migration='the backup brings its own schema'
    [ -z "$head" ] || no_migration="the backup's schema ends with $head already: the app's script would undo one migration too many"
    first_changes() { swap_there; }
    more_proofs() { served_as_restored; }
    sentences() { exchange_sentences; }
    cautions() { [ "$code_only" = safe ] || schema_words; }
    run_folder "$second" "$who" "$reason"
)
prepare() {
    p=$project s=$database_service d=$database_name u=$database_user
    folder=$project_dir/$database_backups
    name=$(printf '%s' "$d" | tr -c 'A-Za-z0-9_.-' '_' | sed 's/^[.-]*//')
    name=${name:-database}-$(date -u -d "@$((now / 1000))" +%Y%m%d_%H%M%SZ).dump
    packed=no
    { [ "$wrap" = none ] && ! grep -qx compressed "$work/../header"; } || packed=yes
    # what a restored database takes, and the log of changes that it writes: plans/prepare_db.py
    amounts=$(awk -v file="$backup_bytes" -v live="$live_bytes" -v packed=$packed 'BEGIN {
        restored = int(file * (packed == "yes" ? 5.0 : 1.6))
        most = live > restored ? live : restored
        need = int(most * 1.9) + int(live / 2) + file
        reserve = int(need / 10); if (reserve < 268435456) reserve = 268435456
        printf "%.0f %.0f", 600 + int(most / 500000), need + reserve
    }')
    limit=${amounts% *}
    step forward database-is-free 90 reads 'nothing stands in the way: no dump, migration, slot or prepared transaction' \
        nothing_in_the_way "$p" "$s" "$d" "$u" -- cannot 'what is at work on the database'
    step forward database-has-room 30 reads "there is room where PostgreSQL keeps its data" \
        database_has_room "$p" "$s" "$d" "$u" "${amounts#* }" -- cannot "PostgreSQL's disk"
    step forward room-is-left 10 reads 'there is room for a dump' room_is_left "$folder" $((live_bytes / 2 + 67108864)) -- cannot 'too little room on the disk'
    safety_dump
    step forward restore-side "$limit" prepares "restore it beside $d, which goes on being served" \
        side_restored "$p" "$s" "$d" "$u" -- restore_side "$p" "$s" "$d" "$u" "$kind" "$wrap" "$backup" "$backup_sum" 2
    step forward validate-side "$limit" prepares "prove it: structure, every object of the backup's table of contents, and exactly its rows" \
        side_valid "$p" "$s" "$d" "$u" -- validate_side "$p" "$s" "$d" "$u" off
    step forward copy-properties 60 prepares 'give it the owner, rights and settings of the served one' \
        properties_copied "$p" "$s" "$d" "$u" -- copy_properties "$p" "$s" "$d" "$u"
    step forward measure-loss "$limit" prepares 'count what is in the served one and not in the backup' \
        loss_measured "$p" "$s" "$d" "$u" -- measure_loss "$p" "$s" "$d" "$u"
    step forward prepared 600 prepares 'write it out to the disk, and note that all is prepared' is_prepared -- note_prepared "$p" "$s" "$d" "$u"
}
safety_dump() { # as steps/database.py
    slow=$((300 + live_bytes / 1000000))
    step forward dump-database $slow prepares "dump $d, aside" dump_made "$folder" "$name" -- make_dump "$folder" "$name" "$p" "$s" "$d" "$u"
    step forward decode-dump $slow prepares 'decode the dump to its last byte, and count its rows' \
        dump_decodes -- decode_dump "$folder" "$name" "$p" "$s" $((slow - 10))
    step forward sum-dump $slow prepares 'write its checksum' dump_summed "$folder" "$name" -- sum_dump "$folder" "$name"
    step forward describe-dump 30 prepares 'write its manifest: rows, schema, versions, release' \
        manifest_written "$folder" "$name" -- write_manifest "$folder" "$name" "$d" "$left_version"
    step forward place-backup $slow prepares "give it its name, $name, and prove its bytes there" backup_placed "$folder" "$name" -- place_backup "$folder" "$name"
}
tidied() {
    step tidy sweep-dump 60 prepares 'take away the dump that is not whole' dump_swept "$folder" -- sweep_dump "$folder"
    step tidy drop-side 120 prepares 'drop what was restored beside' side_gone "$p" "$s" "$d" "$u" -- drop_side "$p" "$s" "$d" "$u"
}
swap_there() { # the exchange, before the first change of the code
    p=$project s=$database_service d=$database_name u=$database_user
    step forward database-as-prepared 90 reads 'the served database is the one that was prepared against, and nothing is at work on it' \
        as_prepared "$p" "$s" "$d" "$u" "$first" -- cannot 'what was prepared'
    step forward copy-properties 60 prepares 'give it the owner, rights and settings of the served one' \
        properties_copied "$p" "$s" "$d" "$u" "$first" -- copy_properties "$p" "$s" "$d" "$u" "$first"
    exchanged forward '' side
    step forward note-used 10 records 'note that what was prepared is in use' prepared_is_used "$first" -- use_prepared "$first"
}
exchanged() { # LIST PREFIX side|live: the steps there, or those back
    list=$1 prefix=$2 which=$3
    set --
    while IFS= read -r one; do set -- "$@" "$one"; done <"$work/writers"
    step "$list" "${prefix}stop-writers" 120 changes "$* stopped" writers_rest "$p" "$s" "$d" "$u" "$first" "$which" "$@" -- stop_services "$p" "$@"
    step "$list" "${prefix}swap-database" 150 replaces "the names are exchanged; the other one is kept, fenced" \
        is_served "$p" "$s" "$d" "$u" "$first" "$which" -- serve "$p" "$s" "$d" "$u" "$first" "$which"
    [ -n "$cache_service" ] || return 0
    set --
    while IFS= read -r key; do set -- "$@" "$key"; done <<EOF2
$(setting cache_prefix)
EOF2
    [ -n "$(setting cache_prefix)" ] || set --
    step "$list" "${prefix}clear-cache" 60 replaces "$cache_service forgets: it remembers the other database" \
        cache_cleared -- clear_cache "$p" "$cache_service" "$@"
}
served_as_restored() {
    step forward schema-as-restored 60 reads 'the schema is the restored one still: the code that started has not migrated it' \
        schema_is "$p" "$s" "$d" "$u" schema -- cannot 'a schema that has moved'
    step forward database-serves 60 reads 'one read, and one write that is taken back' database_serves "$p" "$s" "$d" "$u" -- cannot 'a database that does not serve'
}
swap_json() {
    prefixes=$(setting cache_prefix)
    printf '"swap": {"prepared": "%s", "serves": "side", "served": {"project": %s, "service": %s, "name": %s, "user": %s}, "writers": [%s], "cache": %s, "prefixes": [%s]},\n' \
        "$first" "$(json "$project")" "$(json "$database_service")" "$(json "$database_name")" "$(json "$database_user")" \
        "$(json_lines <"$work/writers")" "$(null_or "$cache_service")" "$([ -z "$prefixes" ] || printf '%s\n' "$prefixes" | json_lines)"
}

prepare_sentences() {
    printf 'backup: %s: %s rows, decoded to its last byte\n' "$backup_name" "$(of_backup rows | awk '{ n += $1 } END { print n + 0 }')"
    printf '%s\n' "safety dump first: $folder/$name"
    printf '%s\n' "restored and proven beside $database_name; $database_name goes on being served meanwhile"
}
exchange_sentences() {
    printf '%s\n' "$database_name: the database of $backup_name is served; the present one is kept, fenced"
    printf '%s: stopped for the exchange\n' "$(paste -s -d , "$work/writers" | sed 's/,/, /g')"
    [ -z "$cache_service" ] || printf '%s: forgets %s\n' "$cache_service" "$(if [ -n "$(setting cache_prefix)" ]; then setting cache_prefix | paste -s -d ,; else echo all; fi)"
}
show_restore() { # what a person reads before the word that begins it
    printf 'the database of %s on %s: %s back to %s, by %s: %s\n' "$environment" "$host_name" "$database_name" "$backup_name" "$who" "${reason:-no reason given}"
    for run in first second; do
        printf '%s:\n' "$([ $run = first ] && echo 'prepare, while all is served' || echo 'exchange, some seconds of outage')"
        awk '{ printf "  %-30s %s\n", $1, $3 }' "$work/$run/forward.list"
    done
    [ "$code_only" = safe ] || schema_words | think_first
    fact rows >"$work/rows.then"
    for script in partitions counts; do
        in_database "$container" "$database_name" "$database_user" psql -X -qAt <"$lib/run/sql/$script.sql" >"$work/$script.live" 2>/dev/null
    done
    folded "$work/rows.then" "$work/partitions.live" <"$work/counts.live" >"$work/rows.live"
    awk '{ name = $0; sub(/^[^ ]* /, "", name) }
        FILENAME ~ /then$/ { was[name] = $1; next }
        name !~ /\._prisma_migrations$/ && $1 != was[name] + 0 {
            n = $1 - was[name]
            printf "  %s: %d rows now, %d %s than the backup\n", name, $1, (n < 0 ? -n : n), (n < 0 ? "fewer" : "more")
        }' "$work/rows.then" "$work/rows.live" | head -n 12
    echo '  nothing of it is destroyed: the present database is kept, and fab undo serves it again'
}
