# shellcheck shell=sh
# Which release is meant: `--latest`, or a version or timestamp. As facts/restore_points/choose.py: both must agree on the same cases.
#
# Reads facts, one a line, fields separated by tabs, times in milliseconds, "-" for what is not known; releases newest first:
#   now TIME      container SERVICE IMAGE CREATED      run ID TASK STATE TO ENDED (newest first)
#   release ID TIME|- good|bad|unknown yes|no(restorable) running|drifted|- VERSION|- SERVICE=IMAGE,…|- WHY_NOT|- IDENTITY|- recorded|-
# Prints "chosen ID", "unproven" if no verify ever passed while it ran, and "passed ID WHY" for each that it passed over.
# 2: the text can never be a version or a timestamp; 3: there is no such release to go to; on stderr why, and what next.
choose() ( # --latest | TEXT <facts
    if [ "$1" != --latest ]; then
        could_name "$1" || exit 2
        at=$(moment "$1") || at=-
    fi
    want=$1 at=${at:--} awk "$chooser"
)
could_name() { # TEXT
    case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._:+-]*) ;; *) [ ${#1} -gt 128 ] || return 0 ;; esac
    echo "$(printf '%.60s' "$1" | tr -c '[:print:]' '?') can be neither a version nor a timestamp" >&2
    return 1
}
# shellcheck disable=SC2016  # dollars are awk's
chooser='
function refuse(words, then) {
    print words "\n  next: " (then == "" ? "scripts/rollback.sh --list" : then) >"/dev/stderr"
    code = 3
    exit 3
}
function named(i) { return version[i] == "-" ? id[i] : version[i] " (" id[i] ")" }
function never_ran(i,    has, list, n, k, part, s, differing, all_before) {
    # Was something else already running when it was kept? A restore point is the state from before a deploy.
    n = split(images[i], list, ",")
    for (k = 1; k <= n; k++) { split(list[k], part, "="); has[part[1]] = part[2] }
    differing = 0; all_before = containers > 0
    for (s in newest) {
        if (newest[s] >= time[i]) all_before = 0
        for (k = 1; k <= containers; k++) if (service[k] == s && image[k] "" != has[s] "") {
            differing = 1
            if (newest[s] < time[i]) return 1
        }
    }
    return differing ? 0 : all_before
}
function why_not(i) {
    if (time[i] == "-") return "its name holds no time that is understood"
    if (running[i] != "-") return "it is what runs"
    if (time[i] + 0 > now) return "its time lies in the future"
    if (restorable[i] != "yes") return reason[i]
    if (never_ran(i)) return "newer than what runs: it never ran"
    return goodness[i] == "bad" ? "marked bad" : ""
}
function same(i, j) { return identity[i] != "-" && identity[i] == identity[j] }
function outdone(i, meant) { # why one that could be chosen was not
    if (i == meant || same(i, meant)) return "the same release without a record; an older restore point has one"
    return i < meant ? "never proven, and an older one is good" : "the chosen release is newer: it has a newer restore point too"
}
function latest(    i, why, best, meant, unknown) {
    for (i = 1; i <= n; i++) {
        why[i] = why_not(i)
        if (why[i] != "") continue
        if (!unknown) unknown = i
        if (!best && goodness[i] == "good") best = i
    }
    if (!best) best = unknown
    if ((run_task == "rollback" || run_task == "rollback-db") && containers && newest_of_all <= run_ended)
        refuse("already rolled back by " run_id, best ? further : nothing_further)
    if (!best) {
        text = "there is no release to go back to"
        for (i = 1; i <= n; i++) text = text "\n  " id[i] ": " why[i]
        refuse(text, "scripts/rollback.sh --list; a bad one can still be named: scripts/rollback.sh VERSION")
    }
    meant = best
    for (i = n; i >= 1; i--) if (why[i] == "" && recorded[i] == "recorded" && same(i, meant)) best = i
    print "chosen " id[best]
    if (goodness[best] != "good") print "unproven"
    for (i = 1; i < best; i++) print "passed " id[i] " " (why[i] == "" ? outdone(i, meant) : why[i])
}
function every(    i, name, seen, text) {
    for (i = 1; i <= n; i++) {
        name = version[i] == "-" ? id[i] : version[i]
        if (!(name in seen)) { seen[name] = 1; text = text (text == "" ? "" : ", ") name }
    }
    return text
}
function pick(i) { found[++hits] = i }
function named_by(text, at,    i, others, seen) {
    for (i = 1; i <= n; i++) if (id[i] == text) pick(i)
    if (!hits && at != "-") for (i = 1; i <= n; i++) if (time[i] == at) pick(i)
    if (!hits) for (i = 1; i <= n; i++) if (version[i] == text) pick(i)
    if (!hits) {
        for (i = 1; i <= n; i++) if (index(version[i], text ".") == 1) {
            pick(i)
            if (!(version[i] in seen)) { seen[version[i]] = 1; others = others (others == "" ? "" : ", ") version[i]; kinds++ }
        }
        if (kinds > 1) refuse(text " could be any of: " others)
    }
    if (!hits) refuse("there is no release " text (n ? "; there are: " every() : ""))
    best = found[1]
    for (i = hits; i >= 1; i--) if (restorable[found[i]] == "yes") best = found[i]
    if (running[best] == "running") refuse("release " named(best) " is equal to the running one")
    if (restorable[best] != "yes") refuse("release " named(best) " cannot be restored: " reason[best])
    print "chosen " id[best]
    if (goodness[best] != "good") print "unproven"
}
BEGIN {
    further = "to go further: scripts/rollback.sh VERSION   (which: scripts/rollback.sh --list)"
    nothing_further = "nothing older can be gone back to; from a laptop: is it well now: fab verify; to take it back: fab undo"
}
BEGIN { FS = "\t" } # what is text is joined with "": else awk takes 1.00 for 1.0
$1 == "now" { now = $2 + 0 }
$1 == "container" {
    service[++containers] = $2 ""; image[containers] = $3
    if (!($2 in newest) || $4 + 0 > newest[$2]) newest[$2] = $4 + 0
    if ($4 + 0 > newest_of_all) newest_of_all = $4 + 0
}
$1 == "run" && !run_id && $4 == "done" && $5 != "-" { run_id = $2; run_task = $3; run_ended = $6 + 0 }
$1 == "release" {
    id[++n] = $2 ""; time[n] = $3; goodness[n] = $4; restorable[n] = $5; running[n] = $6; version[n] = $7 ""
    images[n] = $8; reason[n] = $9; identity[n] = $10 ""; recorded[n] = $11
}
END {
    if (code) exit code
    if (ENVIRON["want"] == "--latest") latest(); else named_by(ENVIRON["want"] "", ENVIRON["at"])
}'
