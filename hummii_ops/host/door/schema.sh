# shellcheck shell=sh disable=SC2154,SC2034  # the settings, $work and what look.sh and plan.sh found
# May the target's code serve the schema that the database has now? As facts/database/migrations.py and plans/schema_check.py
# decide, in the same words. backup.sh and migrations.sh stand before it. It changes nothing.
# It leaves in $work/schema/: applied, shipped (name<tab>sha), extra, missing, failed, edited (names), breaks (name<tab>what).
schema_now() { # $schema_verdict, $code_only (safe, unsafe, unknown), $schema_why (what is not known)
    schema=$work/schema schema_verdict=unknown code_only=unknown
    mkdir -p "$schema/images"
    for list in applied shipped extra newer missing failed edited breaks; do : >"$schema/$list"; done
    schema_why="the inventory names no database for $environment"
    [ -n "$database_name" ] || return 0
    if ! recorded "$project" "$database_service" "$database_name" "$database_user" >"$schema/rows"; then
        schema_why=$(why_unanswered <"$schema/rows") && return
    fi
    image=$(awk -F '\t' -v s="$version_service" '$1 == s { print $3; exit }' "$work/target")
    # shellcheck disable=SC2046  # ids are hex words
    copied $({ echo "$image" && awk -F '\t' -v s="$version_service" '$1 == s { print $4 }' "$work/containers"; } | sort -u)
    schema_why="the release's image has no folder of migrations that can be read"
    [ -n "$image" ] && [ -d "$schema/images/${image#sha256:}" ] || return 0
    schema_why=
    compared "$schema/images/${image#sha256:}"
}
why_unanswered() { # <what was said instead of rows
    tr '\036\037' '  ' | sed 's/[^[:print:]]/?/g' | awk '
        /PostgreSQL\047s container does not run/ { why = $0; exit }
        /_prisma_migrations.*does not exist/ { why = "the database has no list of migrations (_prisma_migrations)"; exit }
        /ERROR|FATAL|rror:/ && told == "" { told = $0 }
        NF { last = $0 }
        END {
            if (told == "") told = last
            if (why == "") why = "the database does not answer" (told == "" ? "" : ": " substr(told, 1, 200))
            print why
        }'
}
copied() { # IMAGE…: the migrations of each, in a folder named by its id; none where they are not whole
    folders "$migrations_dir" "$@" | while read -r id place; do
        [ ! -d "$schema/images/${id#sha256:}" ] || continue
        mkdir "$schema/images/copy"
        if shipped "$id" "$place" | tar -xf - -C "$schema/images/copy" --strip-components=1 --no-same-owner 2>/dev/null; then
            mv "$schema/images/copy" "$schema/images/${id#sha256:}"
        else
            rm -rf "$schema/images/copy"
        fi
    done
}
compared() { # FOLDER of the target's image: the lists and the verdict
    for file in "$1"/*/migration.sql; do
        if [ -L "$file" ] || [ ! -f "$file" ]; then continue; fi
        name=${file%/migration.sql}
        printf '%s\t%s\n' "${name##*/}" "$(sha_of_file "$file")"
    done | LC_ALL=C sort >"$schema/shipped"
    # of several rows with one name the best counts; what psql warns of has no fields
    tr '\036\037' '\n\t' <"$schema/rows" | awk -F '\t' -v to="$schema" '
        NF != 4 || $3 == "t" { next }
        $2 == "t" { sha[$1] = $4; next }
        { open[$1] = 1 }
        END {
            for (name in sha) print name "\t" sha[name] | ("LC_ALL=C sort >" to "/applied")
            for (name in open) if (!(name in sha)) print name | ("LC_ALL=C sort >" to "/failed")
        }'
    awk -F '\t' '
        FILENAME ~ /shipped$/ { has[$1] = $2 ""; next }
        { db[$1] = 1; if (!($1 in has)) { print $1 >(to "/extra"); print >(to "/newer") } else if (has[$1] != $2 "") print $1 >(to "/edited") }
        END { for (name in has) if (!(name in db)) print name | ("LC_ALL=C sort >" to "/missing") }' to="$schema" "$schema/shipped" "$schema/applied"
    # what neither of the two ships was left by an older rollback: another image of the service has its text
    while IFS=$tab read -r name sha; do text_of "$name" "$sha" >/dev/null || echo "$name"; done <"$schema/newer" >"$schema/untold"
    # shellcheck disable=SC2046  # ids are hex words
    [ ! -s "$schema/untold" ] || copied $(others)
    while IFS=$tab read -r name sha; do
        what='no image here has its text'
        ! file=$(text_of "$name" "$sha") || what=$(breaking <"$file" | tr -c '[:print:]\n' '?' | cut -c 1-100)
        [ -z "$what" ] || printf '%s\t%s\n' "$name" "$what"
    done <"$schema/newer" >"$schema/breaks"
    verdict
}
text_of() { # NAME SHA: the path of its text as it was applied
    for file in "$schema"/images/*/"$1"/migration.sql; do
        if [ -L "$file" ] || [ ! -f "$file" ] || [ "$(sha_of_file "$file")" != "$2" ]; then continue; fi
        echo "$file" && return
    done
    return 1
}
others() { # the ids of further images of the service, the newest first, and of those that runs keep
    ref=$(awk -F '\t' -v s="$version_service" '$1 == s { print $2; exit }' "$work/left") ref=${ref%@*}
    case ${ref##*/} in *:*) ref=${ref%:*} ;; esac
    for repository in "${ref:-hummii-ops/keep}" hummii-ops/keep; do
        docker image ls -q --no-trunc "$repository" 2>/dev/null
    done | awk '!seen[$0]++' | head -n 12
}
verdict() {
    any() { [ -s "$schema/$1" ]; }
    code_only=unsafe
    if any failed; then schema_verdict=failed
    elif any missing && any extra; then schema_verdict=diverged
    elif any missing; then schema_verdict=behind code_only=unknown
    elif any breaks; then schema_verdict='ahead, destructive'
    elif any extra; then schema_verdict='ahead, expand-only' code_only=safe
    else schema_verdict=equal code_only=safe
    fi
    [ $code_only != safe ] || ! any edited || code_only=unknown
}

schema_words() {
    goes_on=
    [ -z "$despite" ] || [ "$code_only" != unsafe ] || goes_on=' (goes on: --despite-schema)'
    echo "database: $code_only: $(schema_reasons)$goes_on"
}
schema_reasons() {
    {
        [ -z "$schema_why" ] || echo "$schema_why; a newer migration may not suit the older code"
        [ ! -s "$schema/failed" ] || echo "$(names failed) began and never finished: what it left may be half done"
        awk -F '\t' '{ print $1 " is applied, the release does not know it, and it does more than add (" $2 ")" }' "$schema/breaks"
        cut -f 1 "$schema/breaks" >"$schema/breaking"
        grep -vxF -f "$schema/breaking" "$schema/extra" >"$schema/adding"
        [ ! -s "$schema/adding" ] || echo "$(names adding): newer than the release, and only adds"
        if [ -s "$schema/missing" ] && [ -s "$schema/extra" ]; then
            echo "the release has $(names missing), which the database has not: two lines of migrations"
        elif [ -s "$schema/missing" ]; then
            echo "the release will apply $(names missing) when it starts"
        fi
        [ ! -s "$schema/edited" ] || echo "$(names edited): not the text that was applied"
        [ "$schema_verdict" != equal ] || [ -s "$schema/edited" ] || echo 'the release knows every migration that is applied'
    } | awk '{ printf "%s%s", (NR > 1 ? "; " : ""), $0 }' | tr -c '[:print:]' '?'
}
names() { # LIST: a few; of many the newest, and how many more
    awk '{ name[NR] = $0 } END {
        for (i = NR > 3 ? NR - 2 : 1; i <= NR; i++) text = text (text == "" ? "" : ", ") name[i]
        print text (NR > 3 ? " and " NR - 3 " more" : "")
    }' "$schema/$1"
}
schema_json() { # for plan.json
    listed_json() { printf '"%s": [%s], ' "$1" "$(json_lines <"$schema/$1")"; }
    printf '{"verdict": "%s", "code_only": "%s", ' "$schema_verdict" "$code_only"
    for list in missing extra failed edited; do listed_json $list; done
    printf '"breaks": {%s}, "why": %s, "despite": %s}' \
        "$(awk -F '\t' "$writer"'{ printf "%s%s: %s", (NR > 1 ? ", " : ""), json($1), json($2) }' "$schema/breaks")" \
        "$(json "$schema_why")" "$([ -n "$despite" ] && [ "$code_only" = unsafe ] && echo true || echo false)"
}
