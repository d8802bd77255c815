# shellcheck shell=sh disable=SC2154  # the settings, $dir and $work come from parts.sh and door.sh
# Has the server been touched? What was true before the script, against what is true now. It changes nothing.
facts_of_stack() ( # file and container lines, as expect.sh has them
    set -- "$project" "$project_dir"
    while IFS= read -r name; do set -- "$@" "$name"; done <"$work/watched"
    expectation "$@"
)
migrations_of_database() ( # the rows; no such table is an answer too; 1: it could not be asked
    [ -n "$database_name" ] || exit 0
    # under a limit it is a job in the background: one that read the terminal would be halted
    rows=$(recorded "$project" "$database_service" "$database_name" "$database_user" </dev/null)
    case $?,$rows in 0,* | *'does not exist'*) printf '%s' "$rows" | sha256sum ;; *) exit 1 ;; esac
)
remembered() { # what is true before the script begins; a database that does not answer has no "before"
    migrations_of_database >"$dir/migrations" || rm -f "$dir/migrations"
    facts_of_stack >"$dir/.before" && mv "$dir/.before" "$dir/before"
}
compared() { # adds to `touched` what differs; 1: something could not be asked
    [ -e "$dir/before" ] || return 0 # the script has not begun
    facts_of_stack >"$work/now" || return 1
    cat "$dir/before" "$work/now" | LC_ALL=C sort | uniq -u | awk -v compose="$compose_file" '
        $1 == "container" { print "container:" $2; next }
        { name = $0; sub(/^file /, "", name); sub(/ [^ ]*$/, "", name); print name == compose ? "compose-file" : "file:" name }' | found
    [ -e "$dir/migrations" ] && ! grep -qxs migrations "$dir/touched" || return 0
    migrations_of_database >"$work/rows" || return 1
    cmp -s "$dir/migrations" "$work/rows" || echo migrations | found
}
found() { # <words: each is said once; what was told stays told, whether or not it is undone
    while IFS= read -r word; do
        grep -qxsF "$word" "$dir/touched" || printf '%s\n' "$word" >>"$dir/touched"
    done
}
compared_at_end() { # who cannot be asked any more was there before: that is a difference too
    tries=0
    asks_for 40
    until compared; do
        tries=$((tries + 1)) left_s=$((asks_until - $(date +%s)))
        if [ $tries = 10 ] || [ $left_s -le 0 ]; then
            echo 'unknown: docker or the database does not answer any more' | found
            return
        fi
        [ $tries != 1 ] || echo "docker or the database does not answer: asked again for at most $left_s s, for whether the server was touched" >&2
        sleep 2
    done
}
