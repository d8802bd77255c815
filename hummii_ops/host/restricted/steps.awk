# Reads step files: two lines each, `holds() { VERB WORD…; }` and `act() { VERB WORD…; }`, and believes nothing else.
# Each verb must stand in the table, unquoted as we write it (accept.sh looks for some by name), and each of its words
# must be of the kind that the table says. `modes`: a file of lines MODE PATH, today's of the env files.
BEGIN {
    while ((getline line < settings) > 0) {
        at = index(line, "=")
        key = substr(line, 1, at - 1); value = substr(line, at + 1)
        said[key] = value
        if (key == "compose_file" || key == "env_file" || key == "file") file[value] = 1
        if (key == "env_file") env[value] = 1
        if (key == "reload") reload[value] = 1
    }
    while ((getline line < modes) > 0) today[line] = 1
    while ((getline line < table) > 0) if (line !~ /^#/ && line != "") {
        at = index(line " ", " ")
        kinds[substr(line, 1, at - 1)] = substr(line, at + 1)
    }
    dir = said["project_dir"]; backups = dir "/" said["backups_dir"] "/"
}
FNR == 1 { if (seen && lines != 2) bad = 1; seen = 1; lines = 0; head = "holds() { " }
FNR == 2 { head = "act() { " }
{
    lines++
    if (lines > 2 || index($0, head) != 1 || substr($0, length($0) - 2) != "; }") { bad = 1; exit }
    call = substr($0, length(head) + 1, length($0) - length(head) - 3)
    count = words(call)
    if (count < 1 || !(got[1] in kinds) || index(call " ", got[1] " ") != 1) { bad = 1; exit }
    if (!fits(split(kinds[got[1]], want, " ")) || !same() || !secret()) { bad = 1; exit }
}
END { if (bad || !seen || lines != 2) { if (seen) print "restricted: " FILENAME ": " $0; exit 1 } }

function words(text,    at, char, quoted, open, n) { # as shlex.join wrote them, into got[]; 0 if it is not of that form
    split("", got); n = 1; got[1] = ""; open = 0
    for (at = 1; at <= length(text); at++) {
        char = substr(text, at, 1)
        if (quoted) { if (char == "\047") quoted = 0; else got[n] = got[n] char; continue }
        if (char == "\047") { quoted = 1; open = 1; continue }
        if (substr(text, at, 3) == "\"\047\"") { got[n] = got[n] "\047"; at += 2; continue }
        if (char == " ") { if (got[n] == "" && !open) return 0; got[++n] = ""; open = 0; continue }
        if (char !~ /[A-Za-z0-9_@%+=:,.\/-]/) return 0
        got[n] = got[n] char
    }
    if (quoted || (got[n] == "" && !open)) return 0
    return n
}
function fits(wanted,    i, kind, turn, turns) { # do got[2…] fit want[1…]? the last kind may stand for any number: KIND*,
    # or KIND/KIND*: in turn, and none without the other
    for (i = 2; i <= count; i++) {
        kind = i - 1 <= wanted ? want[i - 1] : (wanted && want[wanted] ~ /\*$/ ? want[wanted] : "none")
        sub(/\*$/, "", kind)
        turns = split(kind, turn, "/")
        if (!is(turn[(i - 1 - wanted) % turns + 1], got[i])) return 0
    }
    if (turns > 1 && (count - wanted) % turns) return 0
    return count - 1 >= wanted || (count - 1 == wanted - 1 && want[wanted] ~ /\*$/)
}
function same(    i) { # what is copied keeps its name: env files never become a page that is served
    if (got[1] !~ /^(keep_file|put_file|merge_env)$/) return 1
    for (i = 3; i <= (got[1] == "merge_env" ? 4 : 3); i++) if (named(got[i]) != named(got[2])) return 0
    return 1
}
function secret() { # an env file that is made anew is for others to read only if today's is
    if (got[1] != "put_file" || !(named(got[3]) in env)) return 1
    return got[4] ~ /0$/ || ((got[4] " " got[3]) in today)
}
function named(text,    rest) { # which of the stack's files it is, or is a copy of
    rest = text
    if (sub(/^(target|before)\//, "", rest)) { sub(/\.merged$/, "", rest); return rest }
    if (index(text, home "/runs/") == 1) { rest = substr(text, length(home "/runs/") + 1); sub(/^[^\/]+\/before\//, "", rest); return rest }
    if (index(text, backups) != 1) return substr(text, length(dir) + 2)
    rest = substr(text, length(backups) + 1)
    return sub(/^[^\/]+\.release\/files\//, "", rest) ? rest : said["compose_file"]
}
function inside(path) { return path !~ /(^|\/)\.\.?(\/|$)/ && path !~ /\/\// }
function is(kind, text,    rest) {
    if (kind == "text") return 1
    if (kind == "number") return text ~ /^[0-9][0-9]*(\.[0-9]+)?$/ && length(text) < 20
    if (kind == "name") return text ~ /^[A-Za-z0-9_.-]+$/ && text !~ /^(-.|\.\.?$)/
    if (kind == "word") return text ~ /^[A-Za-z0-9_@%+=:,.-]+$/ && text !~ /^-/
    if (kind == "image") return text ~ /^sha256:[0-9a-f]+$/ && length(text) == 71
    if (kind == "ref") return text ~ /^[A-Za-z0-9][A-Za-z0-9_@:.\/-]*$/
    if (kind == "digest") { rest = text; return is("ref", text) && sub(/^[^@]+@/, "", rest) && is("image", rest) }
    if (kind == "mode") return text ~ /^[0-7]+$/ && length(text) < 4 # no setuid, no setgid
    if (kind == "run") return text ~ /^[A-Za-z0-9-]+$/
    if (kind == "mark") return text == "-" || text == "mark.about" || text == "mark.before"
    if (kind == "project") return text == said["project"]
    if (kind == "dir") return text == dir
    if (kind == "compose") return text == dir "/" said["compose_file"]
    if (kind == "live") return index(text, dir "/") == 1 && (substr(text, length(dir) + 2) in file)
    if (kind == "relative") return text !~ /^\// && inside(text)
    if (kind == "copy") { rest = text; sub(/^(target|before)\//, "", rest); sub(/\.merged$/, "", rest); return rest != text && (rest in file) }
    if (kind == "source") return is("live", text) || kept(text)
    if (kind == "url") return text == "-" || text == said["health_url"]
    if (kind == "reload") return text in reload
    return 0
}
function kept(text,    rest) { # what the host itself keeps of the stack: a restore point, or what a run replaced
    if (!inside(text)) return 0
    if (index(text, backups) == 1) {
        rest = substr(text, length(backups) + 1)
        if (rest ~ /^[^\/]+\.backup-[^\/]+$/) return 1
        return sub(/^[^\/]+\.backup-[^\/]+\.release\/files\//, "", rest) && (rest in file)
    }
    rest = text
    if (index(rest, home "/runs/") != 1) return 0
    rest = substr(rest, length(home "/runs/") + 1)
    return sub(/^[A-Za-z0-9-]+\/before\//, "", rest) && (rest in file)
}
