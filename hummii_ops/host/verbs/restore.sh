# shellcheck shell=sh disable=SC2154  # run comes from step.sh; sql, await_database and the names of databases from side.sh
# A backup becomes a database beside the served one. Nothing of it is run before its bytes are those that were read.
side_restored() ( [ -s "$run/facts/restored" ] ) # PROJECT SERVICE DATABASE USER …
restore_side() ( # PROJECT SERVICE DATABASE USER KIND WRAP PATH SHA256 JOBS: what an earlier try left is dropped first
    kind=$5 wrap=$6 path=$7 sum=$8 jobs=$9 side=$(aside_name side "${run##*/}")
    set -- "$1" "$2" "$3" "$4"
    [ ! -e "$run/facts/restoring" ] || drop_side "$@" || exit
    mkdir -p "$run/facts" && : | fact restoring || exit
    await_database "$@" && container=$(database_container "$1" "$2") && stamp=$(stamp_of "$path") || exit
    # beside each other; all of it comes to its end, and nothing of the backup is run before its bytes are known
    { [ "$(sum_of_backup "$path")" = "$sum" ]; } &
    summing=$! copied=yes
    copy_inside "$kind-$wrap" "$path" "$container" "/tmp/$side" &
    sql side-create - "$@" -v "side=$side" -v "run=${run##*/}" | fact side || :
    wait $! || copied=no
    wait $summing || stamp=another
    is_still "$path" "$stamp" && [ -n "$(oid_of side "${run##*/}")" ] || exit
    # autovacuum, which comes to all that is new, lets go at once of what is waited for, not after a second each time
    # shellcheck disable=SC2034  # in_database has it
    pg_options='-c deadlock_timeout=50ms'
    case $kind-$wrap in
        plain-*) whole_into "$wrap" "$path" "$container" "$side" "$4" psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f - ;;
        directory-* | custom-none) restore_copied $copied "$container" "$side" "$path" "$jobs" "$@" ;;
        *) whole_into "$wrap" "$path" "$container" "$side" "$4" pg_restore --exit-on-error -d "$side" ;;
    esac && is_still "$path" "$stamp" || exit # some of them read it only now
    date +%s%3N | fact restored
)
whole_into() ( # WRAP PATH CONTAINER DATABASE USER TOOL…: the tool gets all of it; half of a plain dump would look like an end
    wrap=$1 path=$2
    shift 2
    rm -f "$run/facts/.whole"
    { unpacked "$wrap" "$path" "$1" && : >"$run/facts/.whole"; } | in_database "$@" || exit
    [ -e "$run/facts/.whole" ] || { echo "$path could not be unpacked to its end"; exit 1; }
)
stamp_of() ( find -L "$1" -type f -exec stat -Lc '%d:%i:%s:%y' {} + ) # PATH: of its files; another one after each write
is_still() ( # PATH STAMP: it was opened more than once, and a job of the host may have put another in its place
    [ "$(stamp_of "$1")" = "$2" ] || { echo "$1 is no longer the backup that was read"; exit 1; }
)
# For the shell in PostgreSQL's container: constant texts, which find their words in its arguments. In a tmpfs a copy would
# take the memory of the container; one that cannot be told from a tmpfs is taken for one.
# shellcheck disable=SC2016
copied_file='umask 077 && on=$(stat -f -c %T /tmp) && [ "$on" != tmpfs ] && cat >"$1"'
# shellcheck disable=SC2016
copied_folder='umask 077 && on=$(stat -f -c %T /tmp) && [ "$on" != tmpfs ] && mkdir "$1" && tar -C "$1" -xof -'
# shellcheck disable=SC2016
restored_last='inside=$1 && shift && pg_restore --exit-on-error --section=post-data "$@" "$inside" && rm -rf "$inside"'
copy_inside() ( # KIND-WRAP PATH CONTAINER INSIDE: where pg_restore seeks; drop_side has taken away what an earlier try left
    case $1 in
        custom-none) docker exec -i "$3" sh -c "$copied_file" sh "$4" <"$2" ;;
        # its owner in there may have no right to what it could only read here
        directory-*) tar --mode=u+rwX -C "$2" -cf - . | docker exec -i "$3" sh -c "$copied_folder" sh "$4" ;;
        *) exit 1 ;;
    esac
)
restore_copied() ( # yes|no CONTAINER SIDE PATH JOBS PROJECT SERVICE DATABASE USER: from its copy, if there is one; it goes again
    inside=/tmp/$3 code=0
    if [ "$1" = no ]; then
        docker exec "$2" rm -rf "$inside" # the half of one
        # a file can come on stdin, a folder cannot
        [ ! -d "$4" ] || { echo "the folder could not be copied into /tmp of PostgreSQL's container, where pg_restore reads it; a tmpfs is not used"; exit 1; }
        in_database "$2" "$3" "$9" pg_restore --exit-on-error -d "$3" <"$4"
        exit
    fi
    in_database "$2" "$3" "$9" pg_restore --exit-on-error -j "$5" -d "$3" --section=pre-data --section=data "$inside" || exit
    # all rows are there: they are counted beside the making of indexes, which leaves a core to others at its end
    counted "$3" rows-side "$6" "$7" "$8" "$9" &
    in_database "$2" "$3" "$9" sh -c "$restored_last" sh "$inside" -j "$5" -d "$3" || code=$?
    wait $! || : # the proof counts again
    exit $code
)
