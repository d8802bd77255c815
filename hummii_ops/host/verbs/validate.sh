# shellcheck shell=sh disable=SC2154  # run comes from step.sh; sql, await_database and the names of databases from side.sh
# Is a restored database what its backup holds? What the backup says of itself lies in the run, from its reading.
side_valid() ( [ -e "$run/facts/valid" ] ) # PROJECT SERVICE DATABASE USER …
validate_side() ( # PROJECT SERVICE DATABASE USER on|off: its structure, its objects, and exactly the rows of the backup
    deep=$5 side=$(aside_name side "${run##*/}")
    set -- "$1" "$2" "$3" "$4"
    await_database "$@" || exit
    # all at once: none waits for what another finds; and a restore may have counted already, before its end
    [ -e "$run/facts/rows-side" ] || counted "$side" rows-side "$@" &
    counting=$!
    sql analyze "$side" "$@" &
    analyzing=$!
    listed "$side" "$@" &
    listing=$!
    found=$(sql validate "$side" "$@" -v "deep=$deep") || found="${found}it could not be looked through to its end"
    code=0
    for one in $counting $analyzing $listing; do wait "$one" || code=$?; done
    [ $code = 0 ] || exit $code
    [ -z "$found" ] || { printf '%s\n' "$found" | tail -n 3; exit 1; }
    as_backed_up "$side" "$@" || exit
    [ ! -s "$run/check.sql" ] || checked_by_user "$side" "$@" || exit
    : | fact valid
)
listed() ( # SIDE PROJECT SERVICE DATABASE USER: what is there
    side=$1
    shift
    # a sequence that was behind when the dump was made: true to the backup, and worth a word
    { sql behind "$side" "$@" || echo 'whether its sequences are behind could not be asked'; } | fact doubts
    noted objects "$side" objects-side "$@" && noted sequences "$side" sequences-side "$@"
)
as_backed_up() ( # SIDE PROJECT SERVICE DATABASE USER: pg_restore ends well without what it has passed over in silence
    if [ -s "$run/objects.expected" ] && ! cmp -s "$run/objects.expected" "$run/facts/objects-side"; then
        there=$(LC_ALL=C comm -13 "$run/objects.expected" "$run/facts/objects-side" | tr '\n' ',')
        echo "the backup's table of contents has $(held_alone objects.expected objects-side); restored are ${there:-none}"
        exit 1
    fi
    moved=$(held_alone sequences.expected sequences-side)
    [ -z "$moved" ] || { echo "a sequence does not stand where the backup sets it: $moved"; exit 1; }
    [ -n "$(held_alone rows.expected rows-side)" ] || exit 0
    noted extension-tables "$1" extension-tables "$2" "$3" "$4" "$5" || exit # of their rows a dump holds only some
    missing=$(held_alone rows.expected rows-side extension-tables)
    [ -z "$missing" ] || { echo "the backup holds other rows than the restored database: $missing"; exit 1; }
)
counted() ( # DATABASE FACT PROJECT SERVICE DATABASE USER: its rows, under the names that the backup has for them
    database=$1 name=$2 were="$run/facts/$2.counted"
    shift 2
    noted counts "$database" "$name.counted" "$@" || exit
    [ -n "$(held_alone rows.expected "$name.counted" | tr -d '\n')" ] || { fact "$name" <"$were"; exit; }
    noted partitions "$database" "$name.partitions" "$@" || exit
    # the fact itself comes last: a step that was cut before it counts anew
    folded "$run/rows.expected" "$run/facts/$name.partitions" <"$were" | LC_ALL=C sort | fact "$name"
)
held_alone() ( # EXPECTED FACT [NAMES]: the first lines that only the backup has, but of these names; of an older plan nothing is expected
    [ -s "$run/$1" ] || exit 0
    LC_ALL=C comm -23 "$run/$1" "$run/facts/$2" |
        awk -v names="$run/facts/${3:-none}" 'BEGIN { while ((getline line <names) > 0) but[line] } { name = $0; sub(/^[0-9]+ /, "", name) } !(name in but)' |
        head -n 3 | tr '\n' ';'
)
noted() ( # SCRIPT DATABASE FACT PROJECT SERVICE DATABASE USER: what it says, sorted, as a fact
    script=$1 database=$2 name=$3
    shift 3
    found=$(sql "$script" "$database" "$@") || exit
    printf '%s' "${found:+$found
}" | LC_ALL=C sort | fact "$name"
)
checked_by_user() ( # SIDE PROJECT SERVICE DATABASE USER: the user's own SQL; whatever it writes is taken back
    { echo 'BEGIN;'; cat "$run/check.sql"; printf '\n;ROLLBACK;\n'; } |
        in_database "$(database_container "$2" "$3")" "$1" "$5" psql -X -q -v ON_ERROR_STOP=1 2>&1
)
