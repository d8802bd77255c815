# shellcheck shell=sh
# One backup of the database, and the client tools that read it. Shared by the reads and by the verbs of a run.
# The tools run in PostgreSQL's own container, so they fit its server; never with a terminal, which makes CRLF of LF.
# Nothing is written there, and nothing on the host.

# database_container PROJECT SERVICE: the id of its running container; none is a failure
database_container() {
    docker ps -q --no-trunc --filter "label=com.docker.compose.project=$1" \
        --filter "label=com.docker.compose.service=$2" --filter label=com.docker.compose.oneoff=False | grep -m 1 .
}
# in_database CONTAINER DATABASE USER TOOL ARGUMENT…: a client tool, with what comes on stdin
# The names go by the environment: as arguments, one with a `=` in it would be taken for a connection string.
# pg_options may hold more of PostgreSQL's settings, as `-c name=value`.
# Without exec, which would pass by the docker of the guard, which has a limit.
in_database() (
    container=$1 database=$2 user=$3 at_work=${run:-read}
    shift 3
    docker exec -i -e "PGDATABASE=$database" -e "PGUSER=$user" -e "PGAPPNAME=hummii-ops/${at_work##*/}" \
        -e PGCLIENTENCODING=UTF8 \
        -e 'PGOPTIONS=-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0'" ${pg_options:-}" \
        "$container" "$@"
)
# zstd_on CONTAINER ARGUMENT…: the host's zstd, or the one beside PostgreSQL
zstd_on() {
    zstd_container=$1
    shift
    if command -v zstd >/dev/null; then zstd "$@"; else docker exec -i "$zstd_container" zstd "$@"; fi
}
# unpacked WRAP PATH CONTAINER: its bytes, without gzip or zstd
unpacked() {
    case $1 in
        none) cat <"$2" ;;
        gzip) gzip -dc <"$2" ;;
        zstd) zstd_on "$3" -dcq <"$2" ;;
    esac
}
# wrap_is_whole KIND WRAP PATH CONTAINER: what is compressed has a sum of its own, and it is right; a tar has its end
wrap_is_whole() {
    case $2 in
        gzip) gzip -tq <"$3" ;;
        zstd) zstd_on "$4" -tq <"$3" ;;
    esac || return
    [ "$1" != tar ] || [ "$(unpacked "$2" "$3" "$4" | tail -c 1024 | tr -d '\000' | wc -c)" = 0 ] || return
    [ "$1" != tar ] || [ $(($(unpacked "$2" "$3" "$4" | wc -c) % 512)) = 0 ]
}
# as_sql KIND WRAP PATH CONTAINER SECONDS: all of it as SQL, decoded to its last byte; the last line is the reader's exit
# code. The limit stands inside of the container: pg_restore turns for ever at the end of a tar that was cut, and a
# client that is gone does not stop it.
as_sql() {
    case $1 in
        plain) unpacked "$2" "$3" "$4" ;;
        # pg_restore seeks in a folder: it is shown to another container of the same image, which can write nowhere
        directory)
            docker run --rm --network none --read-only --user "$(id -u):$(id -g)" --mount "type=bind,source=$3,target=/backup,readonly" \
                --entrypoint timeout "$(docker inspect --format '{{.Image}}' "$4")" "$5" pg_restore -f - /backup
            ;;
        *) unpacked "$2" "$3" "$4" | docker exec -i "$4" timeout "$5" pg_restore -f - ;;
    esac
    printf '\n@code %s\n' "$?"
}
# sum_of_backup PATH: its sha256; of a folder, that of its files' sums in the order of their names
sum_of_backup() {
    if [ -d "$1" ]; then
        (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum | cut -d ' ' -f 1
    else
        # where the host has it, openssl needs a quarter of the time
        { openssl dgst -sha256 -r <"$1" 2>/dev/null || sha256sum <"$1"; } | cut -d ' ' -f 1
    fi
}
# sql_facts <as_sql: what a dump says of itself, a line each:
#   tables · inserts: there are definitions of tables, and rows that are not counted
#   from VERSION · by VERSION · rows N TABLE · role NAME · extension NAME · migration NAME · failed NAME
#   objects N KIND · sequence VALUE true|false NAME: its table of contents, for the kinds that objects.sql counts, and
#   where it sets each sequence
#   forbidden LINE WORDS: what psql would run, or what reaches beyond this database, outside of data and of quotes
#   crlf · cut WHERE · complete · code N
sql_facts() { LC_ALL=C awk "$sql_words"; }
# shellcheck disable=SC2016  # awk's own $
sql_words='
    BEGIN {
        kinds = split("TABLE,FOREIGN TABLE,INDEX,CONSTRAINT,FK CONSTRAINT,TRIGGER,SEQUENCE,SEQUENCE SET,VIEW,MATERIALIZED VIEW,FUNCTION,PROCEDURE,AGGREGATE,POLICY,ROW SECURITY", kind, ",")
    }
    function say(what) { if (!(what in said)) { said[what] = 1; print what } }
    function forbid(what) { if (forbidden++ < 5) print "forbidden " NR " " what }
    function entry(line) { # of the table of contents; a name may hold anything, so the last of its kind counts
        sub(/^.*; Type: /, "", line)
        sub(/; Schema: .*$/, "", line)
        listed[line]++
    }
    function sequence(line, last) { # a name with a quote or a backslash in it stands there as a text of SQL
        if (sub(/^SELECT pg_catalog[.]setval[(] ?E\047/, "", line)) gsub(/\\\\/, "\\", line)
        line = tail(line, "^SELECT pg_catalog[.]setval[(]\047")
        match(line, /\047, -?[0-9]+, (true|false)[)]$/)
        last = substr(line, RSTART + 3, RLENGTH - 4)
        line = substr(line, 1, RSTART - 1)
        sub(/,/, "", last)
        gsub(/\047\047/, "\047", line)
        say("sequence " last " " line)
    }
    function tail(line, before) { sub(before, "", line); sub(/;$/, "", line); return line }
    function columns(list, names, count, i) {
        count = split(list, names, /, /)
        for (i = 1; i <= count; i++) place[names[i]] = i
    }
    function migration(row, cells) {
        split(row, cells, /\t/)
        if (cells[place["rolled_back_at"]] != "\\N") return
        say((cells[place["finished_at"]] != "\\N" ? "migration " : "failed ") cells[place["migration_name"]])
    }
    function count_rows(before) { # in a loop of its own, its length first: each row is looked at as little as can be
        before = NR
        while (copying && (getline) > 0) {
            if (length($0) == 2 && $0 == "\\.") copying = 0
            else if (migrations) migration($0)
        }
        if (copying) return # it ends in the middle of them
        if (!(table in held)) order[++tables] = table
        held[table] += NR - before - 1 # one for each partition, if they are loaded by way of the table at their top
    }
    function word(name) {
        name = toupper(name)
        if (name ~ /^(DATABASE|ROLE|SYSTEM)$/ && before ~ /^(CREATE|DROP|ALTER)$/) forbid(before " " name)
        if (name == "PROGRAM" && before ~ /^(FROM|TO)$/) forbid(before " " name)
        before = name
    }
    function lex(line, mark, at) { # quotes may go on over lines: a backslash in one is text, outside it is a command
        while (line != "") {
            if (quote == "E") {
                if (!match(line, /\\.|\047/)) return
                mark = substr(line, RSTART, 1)
                line = substr(line, RSTART + RLENGTH)
                if (mark == "\047") quote = ""
            } else if (quote != "") {
                at = index(line, quote)
                if (!at) return
                line = substr(line, at + length(quote))
                quote = ""
            } else {
                if (!match(line, /[A-Za-z_\200-\377][A-Za-z0-9_$\200-\377]*|[Ee]\047|\047|"|--|\/\*|\\|;|[$]([A-Za-z_\200-\377][A-Za-z0-9_\200-\377]*)?[$]/)) return
                mark = substr(line, RSTART, RLENGTH)
                line = substr(line, RSTART + RLENGTH)
                if (mark == "--") return
                if (mark == ";") before = ""
                else if (mark == "\\") { backslash(line); return }
                else if (mark == "/*") quote = "*/"
                else if (mark ~ /^[Ee]\047$/) quote = "E"
                else if (mark ~ /^[A-Za-z_\200-\377]/) word(mark)
                else quote = mark
            }
        }
    }
    function backslash(line) { if (line !~ /^(un)?restrict [A-Za-z0-9]+$/) forbid("\\" substr(line, 1, 40)) }
    NR <= 3 && /\r$/ { crlf = 1 }
    /^$/ { blank++; next }
    crlf { next }
    quote == "" && /^--/ {
        blank = 0
        if (/^-- Dumped from database version /) say("from " tail($0, "^-- Dumped from database version "))
        if (/^-- Dumped by pg_dump version /) say("by " tail($0, "^-- Dumped by pg_dump version "))
        if (/^-- Name: .*; Type: .*; Schema: /) entry($0)
        if ($0 == "-- PostgreSQL database dump complete") complete = 1
        next
    }
    quote == "" && /^@code [0-9]+$/ { next }
    { blank = 0 }
    !/^\\unrestrict / { complete = 0 }
    quote == "" && / OWNER TO [^\047]*;$/ { say("role " tail($0, "^.* OWNER TO ")) }
    quote == "" && /^(GRANT|ALTER DEFAULT PRIVILEGES) .* TO [^\047]*;$/ {
        line = $0
        sub(/ WITH GRANT OPTION;$/, ";", line)
        say("role " tail(line, "^.* TO "))
    }
    quote == "" && /^(REVOKE|ALTER DEFAULT PRIVILEGES .* REVOKE) .* FROM [^\047]*;$/ { say("role " tail($0, "^.* FROM ")) }
    quote == "" && /^ALTER DEFAULT PRIVILEGES FOR ROLE / {
        line = tail($0, "^ALTER DEFAULT PRIVILEGES FOR ROLE ")
        sub(/ (IN SCHEMA|GRANT|REVOKE) .*$/, "", line)
        say("role " line)
    }
    quote == "" && /^CREATE EXTENSION / {
        line = tail($0, "^CREATE EXTENSION (IF NOT EXISTS )?")
        sub(/ WITH .*$/, "", line)
        say("extension " line)
    }
    quote == "" && /^CREATE (UNLOGGED )?TABLE / { say("tables") }
    quote == "" && /^INSERT INTO / { say("inserts") }
    quote == "" && /^SELECT pg_catalog[.]setval[(]( ?E)?\047.*\047, -?[0-9]+, (true|false)[)];$/ { sequence($0) }
    {
        copies = quote == "" && /^COPY .* FROM stdin;$/
        lex($0)
        if (copies) {
            table = tail($0, "^COPY ")
            sub(/ +FROM stdin$/, "", table)
            list = ""
            if (match(table, / \([^(]*\)$/)) { list = substr(table, RSTART + 2, RLENGTH - 3); table = substr(table, 1, RSTART - 1) }
            migrations = table ~ /(^|\.)_prisma_migrations$/
            if (migrations) columns(list)
            before = ""
            copying = 1
            count_rows()
        }
    }
    END {
        for (i = 1; i <= tables; i++) printf "rows %.0f %s\n", held[order[i]], order[i]
        for (i = 1; i <= kinds; i++) if (kind[i] in listed) print "objects " listed[kind[i]] " " kind[i]
        if (crlf) print "crlf"
        if (copying) print "cut in the rows of " table
        else if (quote != "") print "cut inside of a quoted text"
        # two empty lines end every dump, and the reader added a third
        if (complete && blank >= 2 && !copying && quote == "") print "complete"
        if ($0 ~ /^@code [0-9]+$/) print "code " substr($0, 7)
    }'
# folded EXPECTED PARTITIONS <lines "N TABLE": partitions are counted with the table at their top, where EXPECTED names
# that one alone: a dump with --load-via-partition-root. PARTITIONS has lines "TOP<tab>PARTITION".
folded() {
    awk '
        { name = $0; sub(/^[0-9]+ /, "", name) }
        FILENAME == ARGV[1] { wanted[name]; next }
        FILENAME == ARGV[2] { split($0, pair, "\t"); if (pair[1] in wanted && !(pair[2] in wanted)) top[pair[2]] = pair[1]; next }
        name in top { sum[top[name]] += $1; next }
        { print }
        END { for (name in sum) printf "%.0f %s\n", sum[name], name }' "$1" "$2" -
}
# facts_of KIND WRAP PATH CONTAINER SECONDS: what a backup says of itself. An archive is read where pg_restore is, if an
# awk that we know is there: its SQL is several times as long, and docker's copying of it took a quarter of the time. As
# a batch job, for which nobody is interrupted: else each of 4 KiB wakes the awk, which took a seventh of the time.
facts_of() {
    case $1 in
        custom | tar)
            awk_code=0
            # shellcheck disable=SC2016  # for the shell in the container
            unpacked "$2" "$3" "$4" | docker exec -i -e LC_ALL=C "$4" sh -c '
                chrt -b -p 0 $$ >/dev/null 2>&1
                awk -W version </dev/null 2>/dev/null | grep -q "^mawk 1\|^GNU Awk" || exit 9
                { timeout "$1" pg_restore -f -; printf "\n@code %s\n" "$?"; } | awk "$2"' sh "$5" "$sql_words" || awk_code=$?
            [ $awk_code = 9 ] || return $awk_code
            ;;
    esac
    as_sql "$@" | sql_facts
}
