# shellcheck shell=sh disable=SC2154,SC2034  # the settings, $work, $release and what look.sh and plan.sh found
# The plan in the operator's words, as plans/sentences.py, plans/marked.py and plans/checklist.py have them.
sentences() { # what changes and what does not
    awk -F '\t' '
        FILENAME ~ /changed$/ { changed[$1] = 1; next }
        FILENAME ~ /resting$/ { resting[$1] = 1; next }
        FILENAME ~ /mounted$/ { sees[$1] = $2; gsub(/ /, ", ", sees[$1]); next }
        FILENAME ~ /left$/ { image[$1] = $3; ref[$1] = $2; how[$1] = $5; count[$1] = $7; next }
        FILENAME !~ /target$/ { split($0, word, " "); if (word[1] == "replicas") said[word[2]] = word[3]; next }
        function restarts(s) { return (s in sees) && !(s in changed) && !(s in resting) ? "; is restarted, to see " sees[s] : "" }
        function replicas(s, n,    declared) {
            declared = s in said ? said[s] : 1
            if (!(s in count) || s in resting) return ""
            if (count[s] != n) return "; replicas: " count[s] " → " n ", as the release has them"
            return n == declared ? "" : "; replicas: " n " as today (the release\047s file says " declared ")"
        }
        {
            if (!($1 in image)) how_now = "not there → " $2
            else if (image[$1] != $3) how_now = ref[$1] " → " $2 " (" substr($3, 8, 12) ")"
            else if ($1 in resting) how_now = $2 ", was stopped before and stays stopped"
            else if ($1 in changed && how[$1] == "stopped") how_now = $2 ", does not run now; is started"
            else if ($1 in changed) how_now = $2 ", another configuration"
            else how_now = $2 ", stays as it is"
            print $1 ": " how_now replicas($1, $7) restarts($1)
        }' "$work/changed" "$work/resting" "$work/mounted" "$work/left" "$(cat "$release/config")" "$work/target"
    sed 's/$/: stopped, since the release does not have it/' "$work/extra"
    to_know
}
to_know() {
    [ "$code_only" != safe ] || schema_words
    sed -n 's/^passed \([^ ]*\) /passed over \1: /p' "$work/choice"
    while read -r name; do
        grep -qxF "$name" "$work/env_files" || cmp -s "$release_path.release/files/$name" "$project_dir/$name" ||
            cut -f 2 "$work/mounted" | tr ' ' '\n' | grep -qxF "$name" ||
            echo "$name changes: no service mounts it alone; one that has read it goes on with what it read"
    done <"$release/files"
    [ -d "$release_path.release" ] || echo 'the backup has no record: env files and other files stay as they are today'
    echo 'outside: nobody looks from outside: no laptop'
}
cautions() { # what to think about before saying yes
    marked_bad
    grep -q '^unproven' "$work/choice" && echo "release $label was never proven good: no verify passed while it ran"
    sed 's/$/ was ill before and is not part of this rollback/' "$work/ill"
    [ "$disk" = yes ] || echo 'the files on disk are not what runs: the way back can only bring back image and files'
    [ "$code_only" = safe ] || schema_words
}
marked_bad() { # who marked the target bad, when and why, in the words of plans/marked.py
    file=$home/marks/${target_identity:-none}
    grep -qxs mark=bad "$file" || return 0
    who_said=$(sed -n '/^who=/{s///p;q;}' "$file") since=$(sed -n '/^since=/{s///p;q;}' "$file") why=$(sed -n '/^reason=/{s///p;q;}' "$file")
    case $since in *[!0-9]*) since='' ;; esac # only a number is calculated with
    when=$([ -z "$since" ] || date -u -d "@$((since / 1000))" '+%Y-%m-%d %H:%M UTC')
    known=$who_said${who_said:+${when:+, }}$when
    echo "release $label is marked bad${known:+ ($known)}${why:+: $why}"
}
fitting() { # WORDS <ids: restored images are a line of their own, and not configuration
    if [ "$1" = 'Restore the images' ]; then cat; else grep -vx restore-images; fi
}
checklist() { # the lines of the procedure, as plans/checklist.py has them
    printf '{"words": "Identify the version", "steps": ["plan"], "skipped": null},\n'
    if [ -n "$schema_why" ]; then
        printf '{"words": "Ask the database", "steps": [], "skipped": %s},\n' "$(json "unknown: $schema_why")"
    else
        printf '{"words": "Ask the database", "steps": ["plan"], "skipped": null, "found": "%s"},\n' "$code_only"
    fi
    printf '{"words": "Prepare the plan, kept in the run", "steps": ["plan"], "skipped": null},\n'
    printf '{"words": "Notify stakeholders", "steps": [], "skipped": "no laptop"},\n'
    [ -z "${no_migration:-}" ] || printf '{"words": "Roll back the migration (prisma:migrate:rollback)", "steps": [], "skipped": %s},\n' "$(json "$no_migration")"
    while IFS='|' read -r words ids; do
        steps=$(cut -d ' ' -f 1 "$made/forward.list" | grep -E "^($ids)" | fitting "$words" | json_lines)
        if [ -n "$steps" ]; then skipped=null; else skipped='"nothing of it applies to this stack"'; fi
        [ "$words" != 'Verify health outside' ] || skipped='"no laptop"'
        printf '{"words": "%s", "steps": [%s], "skipped": %s},\n' "$words" "$steps" "$skipped"
    done <<'EOF2'
Verify that the backup exists and can work|keep-target
Back up the current state|keep-before
Save evidence|evidence-
Stop affected services|stop-writers|replace-|stop-extra
Restore the configuration|restore-
Restore the images|restore-images
Restart services|replace-|the-rest|the-ill|restart-
The proxy follows|proxy-follows
Verify health inside|services-healthy|answers-inside|settled|proven
Verify health outside|confirmed-outside
Mark and hold|mark-left-bad|hold-deploys
EOF2
    printf '{"words": "Report", "steps": ["report"], "skipped": null}\n'
}
