# shellcheck shell=sh disable=SC2154  # run, home and lib come from step.sh; the functions of backup.sh stand beside
# A database beside the served one: restored, proven, then served instead of it by an exchange of names. What is true is
# told by OIDs, never by names: those of a prepared run are in its facts/side. Every verb here begins with where the
# database is: PROJECT SERVICE DATABASE USER. The SQL is in lib/sql.
sql() ( # SCRIPT DATABASE|- PROJECT SERVICE LIVE USER [-v NAME=VALUE…]: one of lib/sql; "-" is the maintenance database
    script=$1 database=$2 live=$5 user=$6
    container=$(database_container "$3" "$4") || { echo "PostgreSQL's container does not run"; exit 1; }
    [ "$database" != - ] || database=postgres
    shift 6
    in_database "$container" "$database" "$user" psql -X -qAt -v ON_ERROR_STOP=1 -v "live=$live" "$@" <"$lib/sql/$script.sql"
)
await_database() ( # PROJECT SERVICE DATABASE USER: a server that just started needs a moment
    tries=0
    until container=$(database_container "$1" "$2") && docker exec "$container" pg_isready -q -U "$4"; do
        tries=$((tries + 1))
        [ $tries -lt 120 ] || { echo "PostgreSQL does not answer"; exit 1; }
        sleep 0.5
    done
)
aside_name() { printf 'hummii_ops_%s_%s_%s' "$1" "${2%%-*}" "${2##*-}" | tr '[:upper:]' '[:lower:]'; } # side|prev RUN
oid_of() { sed -n "s/^$1=//p" "$home/runs/$2/facts/side"; }                                           # side|live RUN
nothing_in_the_way() ( # PROJECT SERVICE DATABASE USER
    [ ! -e "$run/changed" ] || exit 0 # this run was cut, and goes on: what is in the way it has put there itself
    await_database "$@" || exit
    found=$(sql obstacles - "$@") || exit # a warning of PostgreSQL is no obstacle: it stands in the log by itself
    [ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
)
database_has_room() ( # PROJECT SERVICE DATABASE USER BYTES: where PostgreSQL keeps its data, and where its log of changes
    data=$(echo 'SHOW data_directory' | in_database "$(database_container "$1" "$2")" postgres "$4" psql -X -qAt) || exit
    found=$(docker exec "$(database_container "$1" "$2")" df -P -k "$data" "$data/pg_wal") || exit
    printf '%s\n' "$found" | awk -v want="$5" '
        NR > 1 && $4 * 1024 < want { printf "%d MiB are free for PostgreSQL, %d MiB are needed\n", $4 / 1024, want / 1048576; few = 1 }
        END { exit few }'
)
side_gone() ( # PROJECT SERVICE DATABASE USER: nothing of this run stands beside, unless it is served, nor a copy of its backup
    side=$(aside_name side "${run##*/}")
    await_database "$@" || exit
    found=$(sql databases - "$@") || exit
    ! printf '%s\n' "$found" | grep -q "^[0-9]*|$side|" || exit
    docker exec "$(database_container "$1" "$2")" test ! -e "/tmp/$side"
)
drop_side() ( # PROJECT SERVICE DATABASE USER
    side=$(aside_name side "${run##*/}")
    await_database "$@" || exit
    for fact in side restored valid doubts rows-live rows-side; do rm -f "$run/facts/$fact"; done
    rm -f "$run/prepared"
    sql side-drop - "$@" -v "side=$side" -v "run=${run##*/}" || exit
    docker exec "$(database_container "$1" "$2")" rm -rf "/tmp/$side"
)
kept_gone() ( # PROJECT SERVICE DATABASE USER OID NAME COMMENT
    await_database "$1" "$2" "$3" "$4" || exit
    oid=$5
    found=$(sql databases - "$1" "$2" "$3" "$4") || exit
    ! printf '%s\n' "$found" | grep -q "^$oid|hummii_ops_"
)
drop_kept() ( # PROJECT SERVICE DATABASE USER OID NAME COMMENT
    oid=$5 name=$6 comment=$7
    sql kept-drop - "$1" "$2" "$3" "$4" -v "oid=$oid" -v "name=$name" -v "comment=$comment"
)
properties_copied() ( # PROJECT SERVICE DATABASE USER [PREPARED]: to what this run restored, or that one
    [ ! -e "$run/changed" ] || exit 0
    side=$(aside_name side "${5:-${run##*/}}")
    found=$(sql properties-differ - "$1" "$2" "$3" "$4" -v "side=$side") || exit
    [ -z "$found" ] || { printf '%s\n' "$found"; exit 1; }
)
copy_properties() ( sql properties - "$1" "$2" "$3" "$4" -v "side=$(aside_name side "${5:-${run##*/}}")" ) # PROJECT SERVICE DATABASE USER [PREPARED]
loss_measured() ( [ -e "$run/facts/rows-live" ] ) # PROJECT SERVICE DATABASE USER
measure_loss() ( counted "$3" rows-live "$@" ) # PROJECT SERVICE DATABASE USER: as it is now
is_prepared() ( [ -e "$run/prepared" ] )
note_prepared() ( # PROJECT SERVICE DATABASE USER: what was restored is written out; the runner then ends this run as prepared
    # PostgreSQL has it safe already: this spares the exchange a wait, and a disk that is too slow for it fails nothing
    sql checkpoint - "$@" || :
    # and what copies and dumps have left to write: docker, too, waits for its disk when it stops a container; no other
    # disk is waited for
    timeout -k 2 100 docker exec "$(database_container "$1" "$2")" sync -f / || :
    timeout -k 2 100 sync -f "$run" || :
    : >"$run/prepared" && sync "$run"
)
as_prepared() ( # PROJECT SERVICE DATABASE USER PREPARED: that run is prepared, and both databases are those that it saw
    [ ! -e "$run/changed" ] || exit 0 # this run was cut, and goes on: what has moved since it has moved itself
    [ "$(cat "$home/runs/$5/state")" = prepared ] || { echo "$5 is not prepared"; exit 1; }
    live=$(oid_of live "$5") side=$(oid_of side "$5") prepared=$5
    set -- "$1" "$2" "$3" "$4"
    nothing_in_the_way "$@" || exit
    found=$(sql databases - "$@") || exit
    printf '%s\n' "$found" | head -n 1 | grep -q "^$live|.*|t|\$" || { echo "the served database is not the one that was there"; exit 1; }
    printf '%s\n' "$found" | grep -q "^$side|$(aside_name side "$prepared")|" || { echo "what $prepared restored is gone"; exit 1; }
)
as_left() ( # PROJECT SERVICE DATABASE USER PREPARED side|live: that one is served, and the other one is kept
    [ ! -e "$run/changed" ] || exit 0
    is_served "$@" || { echo "the served database is not the one that the run left"; exit 1; }
    other=live prepared=$5
    [ "$6" = side ] || other=side
    found=$(sql databases - "$1" "$2" "$3" "$4") || exit
    printf '%s\n' "$found" | grep -q "^$(oid_of $other "$prepared")|hummii_ops_.*$prepared\$" || { echo "the other database is gone: it was dropped"; exit 1; }
)
prepared_is_used() ( [ "$(cat "$home/runs/$1/state")" = "done" ] ) # PREPARED
use_prepared() ( # PREPARED: what it restored is served, so that nobody goes on with it again
    cd "$home/runs/$1" && echo "done" >.state.used && sync .state.used && mv -f .state.used state && sync .
)
is_served() ( # PROJECT SERVICE DATABASE USER PREPARED side|live: that one bears the name, and takes connections
    prepared=$5 which=$6
    set -- "$1" "$2" "$3" "$4"
    # asked while writers are down: a server that answers at once is not waited for
    found=$(sql databases - "$@" 2>/dev/null) || { await_database "$@" && found=$(sql databases - "$@"); } || exit
    # the served one comes first, and has no comment here
    printf '%s\n' "$found" | head -n 1 | grep -q "^$(oid_of "$which" "$prepared")|.*|t|\$"
)
serve() ( # PROJECT SERVICE DATABASE USER PREPARED side|live: instead of the other one, which is kept, fenced
    new=$6 old=live aside=prev prepared=$5
    [ "$new" = side ] || { old=side aside=side; }
    set -- "$1" "$2" "$3" "$4"
    tries=0 deadline=$(($(date +%s) + 5))
    # writers are down: a server that answers at once is not waited for
    until said=$(sql swap - "$@" -v "new=$(oid_of "$new" "$prepared")" -v "old=$(oid_of "$old" "$prepared")" \
        -v "aside=$(aside_name $aside "$prepared")" -v "mark=hummii-ops $aside $prepared" 2>&1); do
        tries=$((tries + 1))
        # a session on its way out needs its time (decision 30); a server that starts anew takes all of it by one try
        [ $tries -lt 3 ] || [ "$(date +%s)" -lt $deadline ] || { printf '%s\n' "$said"; exit 1; }
        await_database "$@" || { printf '%s\n' "$said"; exit 1; }
    done
    printf '%s\nold_database=%s\n' "$said" "$(aside_name $aside "$prepared")" | fact swap
)
writers_rest() ( # DATABASE's PROJECT SERVICE NAME USER PREPARED side|live WRITER…: they are stopped, or it is served already
    ( project=$1 && shift 6 && services_stopped "$project" "$@" ) || is_served "$1" "$2" "$3" "$4" "$5" "$6"
)
cache_cleared() ( [ -e "$run/facts/cache-$list" ] )
clear_cache() ( # PROJECT SERVICE [PREFIX…]: everything in it, or what begins so
    cache=$(docker ps -q --filter "label=com.docker.compose.project=$1" --filter "label=com.docker.compose.service=$2" | grep -m 1 .) || exit
    shift 2
    # redis-cli ends with 0 also when it is told no, as without a password
    command=PING word=PONG
    [ $# != 0 ] || command=FLUSHALL word=OK
    said=$(docker exec "$cache" redis-cli $command) || exit
    [ "$said" = $word ] || { echo "redis does not do it without a password: $said"; exit 1; }
    for prefix; do
        keys=$(docker exec "$cache" redis-cli --scan --pattern "$prefix*") || exit
        [ -z "$keys" ] || printf '%s\n' "$keys" | tr '\n' '\0' | docker exec -i "$cache" xargs -0 redis-cli UNLINK >/dev/null || exit
    done
    : | fact "cache-$list"
)
schema_is() ( # PROJECT SERVICE DATABASE USER SCHEMA: these migrations are applied, no others: FILE in the run
    [ -s "$run/$5" ] || exit 0
    found=$(sql migrations "$3" "$1" "$2" "$3" "$4") || exit
    printf '%s\n' "$found" | diff "$run/$5" -
)
database_serves() ( sql serves "$3" "$@" >/dev/null ) # PROJECT SERVICE DATABASE USER: one read, one write that is taken back
