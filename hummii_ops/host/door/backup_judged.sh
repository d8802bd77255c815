# shellcheck shell=sh disable=SC2154,SC2034  # what backup_file.sh and look.sh found; the settings come from restore.sh
# May the backup be served here? As facts/database/backup_judgement.py and plans/schema_check.py decide. It changes nothing.
# Left out, since only a laptop can: what its name says of its time, and what could not be proven but is let pass.
served_now() { # $container, and of the served database: its size, the roles, the extensions, the applied migrations
    container=$(database_container "$project" "$database_service") || stop 3 "refused: PostgreSQL's container does not run" 'docker ps -a'
    printf '%s\n' "SELECT 'major ' || current_setting('server_version_num')::int / 10000;" "SELECT 'size ' || pg_database_size(current_database());" \
        "SELECT 'role ' || rolname FROM pg_roles;" "SELECT 'extension ' || name FROM pg_available_extensions;" |
        in_database "$container" "$database_name" "$database_user" timeout 20 psql -X -qAt -v ON_ERROR_STOP=1 >"$work/served" 2>"$work/words" ||
        stop 3 "refused: the database does not answer: $(head -n 1 "$work/words")" 'docker compose logs --tail=50'
    live_bytes=$(sed -n 's/^size //p' "$work/served") major=$(sed -n 's/^major //p' "$work/served")
    in_database "$container" "$database_name" "$database_user" psql -X -qAt <"$lib/run/sql/migrations.sql" >"$work/applied" 2>/dev/null || : >"$work/applied"
    way=$(in_database "$container" postgres "$database_user" psql -X -qAt -v ON_ERROR_STOP=1 -v "live=$database_name" <"$lib/run/sql/obstacles.sql") ||
        stop 3 'refused: what stands in the way on the database cannot be asked'
    [ -z "$way" ] || stop 3 "refused: $(printf '%s' "$way" | head -n 3 | paste -s -d ';')" 'end what is at work there, or wait for it; then again'
}
fact() { sed -n "s/^$1 //p" "$work/contents"; }         # WORD: what the reading said
says() { grep -qxF "$1" "$work/contents"; }             # LINE
beside() { sed -n "s/^$1=//p" "$backup.manifest" 2>/dev/null; } # KEY: of the manifest, where there is one

judge_backup() {
    of=$(sed -n 's/^database //p' "$work/header")
    ! manifest || of=$(beside database)
    [ -z "$of" ] || [ "$of" = "$database_name" ] || refuse_backup "it is of another database, \"$of\"; wanted is \"$database_name\""
    damaged
    [ -z "$(fact forbidden)" ] || refuse_backup "line $(fact forbidden | head -n 1 | sed 's/ /: /') would reach beyond this database, or run a command"
    made=$(fact from | sed 's/[^0-9].*//')
    [ "${made:-0}" -le "$major" ] || refuse_backup "it is of PostgreSQL $made; the server is $major"
    lacking role roles
    lacking extension extensions
    partial
    suits
}
manifest() { grep -qxs 'schema=hummii-ops/backup/v1' "$backup.manifest" && [ -n "$(beside sha256)" ]; }
damaged() {
    if [ -f "$backup.sha256" ]; then
        [ "$(sed -n '1s/^\\\{0,1\}\([0-9a-f]\{64\}\)\([[:space:]].*\)\{0,1\}$/\1/p' "$backup.sha256")" = "$backup_sum" ] || refuse_backup "its sha256 is not the one in $backup_name.sha256: its bytes have changed"
    elif manifest; then
        [ "$(beside sha256)" = "$backup_sum" ] || refuse_backup "its sha256 is not the one in $backup_name.manifest: its bytes have changed"
    fi
    ! says crlf || refuse_backup 'its line ends are CRLF: it went through a terminal (docker exec -t) or another system'
    says 'code 0' || refuse_backup "it cannot be decoded to its last byte: $(head -n 1 "$work/words")"
    [ -z "$(fact cut)" ] || refuse_backup "it is cut $(fact cut)"
    says complete || refuse_backup 'it is cut short: the line that ends every dump is not at its end'
    ! manifest || [ "$(beside rows | sort)" = "$(fact rows | sort)" ] || refuse_backup 'the rows that it holds are not those of its manifest'
    set=$(fact objects | sed -n 's/ SEQUENCE SET$//p')
    [ "${set:-0}" = "$(fact sequence | wc -l)" ] || refuse_backup "its table of contents sets ${set:-0} sequences, and $(fact sequence | wc -l) are really set"
}
lacking() { # WORD WORDS: names that the backup needs and this server does not have; quotes of SQL are taken away
    fact "$1" | awk '{ n = split($0, one, /, /); for (i = 1; i <= n; i++) print one[i] }' |
        awk '/^".*"$/ { $0 = substr($0, 2, length($0) - 2); gsub(/""/, "\"") } $0 != "PUBLIC"' | LC_ALL=C sort -u >"$work/needed"
    sed -n "s/^$1 //p" "$work/served" | LC_ALL=C sort -u >"$work/there"
    absent=$(LC_ALL=C comm -23 "$work/needed" "$work/there" | paste -s -d ,)
    [ -z "$absent" ] || refuse_backup "$2 that this server does not have: $absent"
}
partial() { # a dump of the schema or of the data alone, or of another database
    [ -s "$work/applied" ] || return 0
    says tables || refuse_backup 'it defines no table: a dump of the data alone, or of nothing'
    [ -n "$(fact rows)" ] || says inserts || refuse_backup 'it holds no rows: a dump of the schema alone'
    [ -z "$(fact rows)" ] || fact migration | grep -qxFf "$work/applied" ||
        refuse_backup "none of this database's migrations is in it: it is of another database, or of some tables alone"
}
suits() { # may the code that runs serve it? $code_only, $schema_why and the lists of schema.sh
    schema=$work/schema schema_verdict=unknown code_only=unknown
    mkdir -p "$schema/images"
    for list in applied shipped extra newer missing failed edited breaks; do : >"$schema/$list"; done
    image=$(awk -F '\t' -v s="$version_service" '$1 == s { print $3; exit }' "$work/target")
    copied "$image"
    schema_why="the release's image has no folder of migrations that can be read" shipped=$schema/images/${image#sha256:}
    [ -n "$image" ] && [ -d "$shipped" ] || return 0
    schema_why=
    { # a backup does not tell the texts of its migrations: they are taken to be those of the image
        fact migration | while read -r name; do printf '%s\037t\037f\037%s\036' "$name" "$(sha_of_file "$shipped/$name/migration.sql")"; done
        fact failed | while read -r name; do printf '%s\037f\037f\037\036' "$name"; done
    } >"$schema/rows"
    compared "$shipped"
    # what starts on it would apply again what may just have broken production
    [ ! -s "$schema/missing" ] || code_only=unsafe
    [ "$code_only" != unsafe ] || [ -n "$despite" ] || refuse_backup "the code that is to run cannot serve it: $(schema_reasons)"
}
