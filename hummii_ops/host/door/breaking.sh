# shellcheck shell=sh
# breaking <migration.sql: the first statement that does more than add what older code neither sees nor has to fill.
# Prints nothing if there is none. What is not understood counts as such a one. As `breaking` of facts/database/migrations.py.
breaking() { LC_ALL=C awk "$classifier"; }
# shellcheck disable=SC2016  # dollars are awk's
classifier='
function first(pattern) { match(rest, pattern); token = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1) }
function lexed(    out, mark, end) { # of rest: quoted texts without what is in them, and no comments
    while (match(rest, /["\047]|--|\/[*]/)) {
        out = out substr(rest, 1, RSTART - 1)
        mark = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART)
        if (mark == "--") { first("^[^\n]*"); out = out " " }
        else if (mark == "/*") {
            end = index(substr(rest, 3), "*/")
            if (!end) return out rest
            rest = substr(rest, end + 4)
            out = out " "
        }
        else if (mark == "\"" && rest ~ /^"([^"]|"")*"/) { first("^\"([^\"]|\"\")*\""); out = out token }
        else if (mark == "\047" && rest ~ /^\047([^\047]|\047\047)*\047/) { first("^\047([^\047]|\047\047)*\047"); out = out "\047\047" }
        else { out = out mark; rest = substr(rest, 2) }
    }
    return out rest
}
function after(text, pattern) { return match(toupper(text), pattern) ? substr(text, RLENGTH + 1) : "" }
function table(text) { return match(text, "^" name) ? substr(text, 1, RLENGTH) : "" }
function adds_column(action) {
    sub(/^ +/, "", action)
    action = toupper(action)
    if (action !~ /^ADD COLUMN /) return 0
    if (action ~ /NOT NULL/ && action !~ / DEFAULT /) return 0
    return action !~ /(^|[^A-Z0-9_])(UNIQUE|PRIMARY KEY|REFERENCES|CHECK)([^A-Z0-9_]|$)/
}
function only_adds(actions,    i, c, depth, one) { # commas in brackets belong to a type or a default
    for (i = 1; i <= length(actions); i++) {
        c = substr(actions, i, 1)
        depth += (c == "(") - (c == ")")
        if (c != "," || depth) { one = one c; continue }
        if (!adds_column(one)) return 0
        one = ""
    }
    return adds_column(one)
}
function adds(text,    upper, of) {
    upper = toupper(text)
    if (upper ~ "^CREATE TABLE (IF NOT EXISTS )?" name " *[(]") {
        if (upper !~ "^CREATE TABLE IF NOT EXISTS ") made[table(after(text, "^CREATE TABLE "))] = 1
        return 1
    }
    if (upper ~ /^(CREATE TYPE|CREATE SEQUENCE|COMMENT ON) /) return 1
    if (match(upper, "^CREATE (UNIQUE )?INDEX ")) {
        if (!match(upper, "[^A-Z0-9_]ON (ONLY )?" name)) return 0
        if (upper !~ /^CREATE UNIQUE /) return 1
        return table(after(substr(text, RSTART + 1), "^ON (ONLY )?")) in made
    }
    if (upper !~ "^ALTER TABLE (IF EXISTS )?(ONLY )?" name " ") return 0
    text = after(text, "^ALTER TABLE (IF EXISTS )?(ONLY )?")
    of = table(text)
    return of in made || only_adds(substr(text, length(of) + 1))
}
BEGIN {
    name = "(\"([^\"]|\"\")+\"|[A-Za-z0-9_]+)"
    name = name "([.]" name ")?"
}
{ rest = rest $0 "\n" }
END {
    text = lexed()
    bare = text
    gsub(/\047\047/, "", bare)
    if (index(text, "$$") || bare ~ /\047/ || text ~ /(^|[^A-Za-z0-9_])[Ee]\047\047/) { print "a quoted text that is not understood"; exit }
    n = split(text, statement, ";")
    for (i = 1; i <= n; i++) {
        gsub(/[ \t\r\n\f\v]+/, " ", statement[i])
        sub(/^ /, "", statement[i])
        sub(/ $/, "", statement[i])
        if (statement[i] != "" && !adds(statement[i])) { print statement[i]; exit }
    }
}'
