# shellcheck shell=sh disable=SC2034
# What a restricted key may send as a run: plans of our verbs over the stack's own files, never a script, never a file
# for the stack. Stands after entry.sh, whose accept it replaces. HUMMII_LIB is the installed library.
about() { cat "$HUMMII_IN/about"; }
payload() { cat "$HUMMII_IN/payload"; }
deny() { echo "restricted: $1"; exit 87; }

accept() ( # FOLDER, unpacked and not yet a run
    cd "$1" || exit 78
    [ -z "$(find . ! -type f ! -type d -o -type f -links +1)" ] || deny 'a link'
    [ -z "$(find . -name "*[!A-Za-z0-9._-]*")" ] || deny 'a name'
    find . -type f -printf '%P\n' | grep -Evx "$file_names" && deny 'a file that is not of a plan'
    library_is_ours || deny 'the library is of another version: fab install-host --restricted, with a key that may'
    lists_are_ours || deny 'a list'
    [ ! -e next ] || ! grep -Evx '[A-Za-z0-9-]{1,80}' next || deny 'the run that is next'
    [ ! -e check.sql ] || cmp -s check.sql "$HUMMII_LIB/check.sql" || deny 'SQL that is not the one that was installed'
    set -- ready/*.sh
    for list in forward back tidy; do
        for file in "$list"/*.sh; do [ ! -e "$file" ] || set -- "$@" "$file"; done
    done
    [ "$(cat -- "$@" | tr -d '\012\040-\176\200-\377' | wc -c)" -eq 0 ] || deny 'a control character'
    modes_today >"$HUMMII_IN/modes"
    awk -v settings="$HUMMII_LIB/settings" -v table="$HUMMII_LIB/restricted/verbs.table" -v home="${HUMMII_LIB%/lib/*}" \
        -v modes="$HUMMII_IN/modes" -f "$HUMMII_LIB/restricted/steps.awk" "$@" || deny 'a step that is not one of our verbs on the files of this stack'
    pulls_are_known "$@" || deny 'an image that no restore point here names'
)
file_names='lib/.*|manifest|plan\.json|expect|about|mark\.(about|before|taken)|schema|code|options|backup|next|check\.sql'
file_names="$file_names|(rows|objects|sequences)\\.expected|ready/as-planned\\.sh|(forward|back|tidy)(\\.list|/[a-z0-9-]+\\.sh)"

lists_are_ours() { # all three, and each line names a step that came along: the runner reads the file of whatever stands here
    for list in forward back tidy; do
        [ -f "$list.list" ] || return 1
        ! grep -Evx '[a-z0-9-]+ [0-9]{1,6} (reads|prepares|changes|replaces|records)' "$list.list" || return 1
        while read -r id _; do [ -f "$list/$id.sh" ] || return 1; done <"$list.list"
    done
}
library_is_ours() { # byte for byte what is installed, and the one URL that is asked
    { (cd "$HUMMII_LIB/run" && find . -type f ! -name entry.sh) && echo ./probe.url; } | sort >"$HUMMII_IN/lib"
    (cd lib && find . -type f | sort) | cmp -s - "$HUMMII_IN/lib" || return 1
    while read -r one; do
        [ "$one" = ./probe.url ] || cmp -s "lib/$one" "$HUMMII_LIB/run/$one" || return 1
    done <"$HUMMII_IN/lib"
    [ ! -s lib/probe.url ] || sed -n 's/^health_url=//p' "$HUMMII_LIB/settings" | tr -d '\n' | cmp -s - lib/probe.url
}
modes_today() { # MODE PATH of each env file that is there
    folder=$(sed -n 's/^project_dir=//p' "$HUMMII_LIB/settings")
    sed -n 's/^env_file=//p' "$HUMMII_LIB/settings" | while read -r name; do stat -L -c '%a %n' -- "$folder/$name" 2>/dev/null; done
}
pulls_are_known() ( # STEP…: by digest, as a restore point on this host has it; asked for to act or to look
    backups=${HUMMII_LIB%/.hummii-ops/lib/*}/$(sed -n 's/^backups_dir=//p' "$HUMMII_LIB/settings")
    sed -n 's/^[a-z]*() { pull_image \(.*\); }$/\1/p' -- "$@" | while read -r image; do
        find "$backups" -name record.json -path '*.release/*' -type f -exec grep -Fq -e "\"$image\"" {} \; -print | grep -q . || exit 1
    done
)
