# shellcheck shell=sh disable=SC2154  # the settings, $work, $release and what look.sh found come from door.sh
# From a chosen release to the folder of a run in $made: the facts of the target, the two lists, plan.json, the manifest.
target_now() { # target: as left; target.files and left.files: "name sha mode"; changed; extra; ill; resting; merged
    release_path=$(cat "$release/path")
    set --
    [ ! -s "$release/uses" ] || set -- --env-file "$(cat "$release/uses")"
    same=yes
    while read -r name; do cmp -s "$release_path.release/files/$name" "$project_dir/$name" || same=no; done <"$release/files"
    # what `up` alone does not start belongs to a release only if a container of it is there today
    awk 'FNR == NR { if ($1 == "service") there[$2] = 1; next } $1 in there' "$(cat "$release/config")" "$release/services" >"$work/target.services"
    hashes_of "$release_path" "$@" >"$work/target.hashes"
    # recorded with other env files than today's: only the label of then tells what they would make of it
    [ "$same" = yes ] || awk '$4 != "-" { print $1, $4 }' "$release/services" >"$work/target.hashes"
    awk -v OFS='\t' '
        FNR == NR { if (!seen[$1, $2]++) hashes[$1] = hashes[$1] "," $2; next }
        { print $1, $3, $2, $1 in hashes ? substr(hashes[$1], 2) : "-", "runs", "-" }' "$work/target.hashes" "$work/target.services" |
        sort | with_replicas >"$work/target"
    left_files >"$work/left.files"
    { printf '%s %s\n' "$compose_file" "$(cat "$release/sha")"
        while read -r name; do printf '%s %s\n' "$name" "$(sha_of_file "$release_path.release/files/$name")"; done <"$release/files"; } >"$work/target.files"
    differences
    can_be_kept
    for state in left target; do one_name $state; done
    merged_env >"$work/merged"
    mounted >"$work/mounted"
    target_identity=$(cat "$release/identity" 2>/dev/null)
    left_identity=
    cut -f 1,3 "$work/left" | tr '\t' ' ' >"$work/left.services"
    [ ! -s "$work/left.services" ] || left_identity=$(identity_of "$disk_sha" "$work/left.services")
    left_version=$(version_of_left)
}
with_replicas() { # <target: as many as today where someone scaled by hand, else what the release's file says: plans/target.py
    awk -F '\t' -v OFS='\t' '
        side != "" { split($0, word, " ") }
        side == "disk" { known = 1; if (word[1] == "replicas") disk[word[2]] = word[3]; next }
        side == "file" { if (word[1] == "replicas") file[word[2]] = word[3]; next }
        side == "left" { today[$1] = $7; next }
        {
            said = $1 in disk ? disk[$1] : 1
            by_hand = ($1 in today) && (known ? today[$1] != said : today[$1] > 1)
            print $0, by_hand ? today[$1] : ($1 in file ? file[$1] : 1)
        }' side=disk "$work/disk.config" side=file "$(cat "$release/config")" side=left "$work/left" side= -
}
sha_of_file() { digest=$(sha256sum <"$1" 2>/dev/null) && printf '%s' "${digest%% *}"; }
left_files() { # the compose file, and what is there of env files and further files
    printf '%s %s 644\n' "$compose_file" "$disk_sha"
    while read -r name; do
        [ "$name" = "$compose_file" ] || [ ! -r "$project_dir/$name" ] ||
            printf '%s %s %s\n' "$name" "$(sha_of_file "$project_dir/$name")" "$(stat -L -c %a "$project_dir/$name")"
    done <"$work/watched"
}
can_be_kept() { # nothing is put over a file of today's that could never be put back
    while read -r name; do
        ! cut -d ' ' -f 1 "$work/left.files" | grep -qxF "$name" || continue
        grep -qxF "$name" "$work/watched" || stop 3 "refused: the release brings $name, which inventory.yml does not name: today's could not be put back" \
            "name $name under files (or env_files) in inventory.yml, then: fab install-host"
        [ ! -e "$project_dir/$name" ] || stop 3 "refused: $name is there and cannot be read, so it could not be put back" "chmod g+r $project_dir/$name"
    done <"$release/files"
}
one_name() { # STATE: a name of an image that would have to mean two of them
    twice=$(named "$1" | cut -d ' ' -f 1 | uniq -d | head -n 1)
    [ -z "$twice" ] || stop 3 "refused: $twice names two images, and one name cannot mean both" \
        'bring the services of that name to one image first, or choose another release: --list'
}
named() { # STATE: "ref id" lines, by ref; what is stopped gets its name only if nothing else has it
    awk -F '\t' '
        $2 == "-" || $2 ~ /^sha256:/ { next }
        $5 == "stopped" { if (!($2 in late)) late[$2] = $3; next }
        { taken[$2] = 1; print $2, $3 }
        END { for (ref in late) if (!(ref in taken)) print ref, late[ref] }' "$work/$1" | LC_ALL=C sort -u
}
differences() { # which services differ from what runs, as far as can be told beforehand; which the release lacks; which
    # were ill before, and which someone stopped, and stay so (only what the file on disk made: see plans/difference.py)
    awk -F '\t' -v changed="$work/changed" -v extra="$work/extra" -v ill="$work/ill" -v resting="$work/resting" '
        function share(a, b,    n, i, one, has) {
            n = split(a, one, ","); for (i = 1; i <= n; i++) has[one[i]] = 1
            n = split(b, one, ","); for (i = 1; i <= n; i++) if (one[i] in has) return 1
            return 0
        }
        function unknown(a, b) { return a == "-" || b == "-" }
        BEGIN { printf "" >changed; printf "" >extra; printf "" >ill; printf "" >resting }
        FNR == NR { image[$1] = $3; hash[$1] = $4; how[$1] = $5; hand[$1] = $6; order[++n] = $1; next }
        {
            here[$1] = 1
            if (!($1 in image) || image[$1] != $3) print $1 >changed
            else if (hand[$1] == "hand" && !unknown(hash[$1], $4) && share(hash[$1], $4)) print $1 >resting
            else if (how[$1] == "stopped" || (!unknown(hash[$1], $4) && !share(hash[$1], $4))) print $1 >changed
            else if (how[$1] == "ill") print $1 >ill
        }
        END { for (i = 1; i <= n; i++) if (!(order[i] in here)) print order[i] >extra }' "$work/left" "$work/target"
}
something_changes() { # a plan that would change nothing must not leave a mark and a hold
    [ ! -s "$work/changed" ] && [ ! -s "$work/extra" ] || return 0
    awk -F '\t' 'FNR == NR { n[$1] = $7; next } $1 in n && n[$1] != $7 { other = 1 } END { exit other }' "$work/left" "$work/target" || return 0
    ! cut -f 4 "$work/left" "$work/target" | grep -qx -e - || return 0
    while read -r name sha; do
        grep -q "^$name $sha " "$work/left.files" || return 0
    done <"$work/target.files"
    return 1
}
merged_env() { # env files that go back with some of today's variables: "name key…"
    while read -r name; do
        grep -qxF "$name" "$work/env_files" || continue
        [ -r "$project_dir/$name" ] || continue
        keys=$(while read -r key; do ! grep -Eq "^[[:space:]]*(export[[:space:]]+)?${key}[[:space:]]*=" "$project_dir/$name" || printf ' %s' "$key"; done <"$work/keep")
        [ -z "$keys" ] || printf '%s%s\n' "$name" "$keys"
    done <"$release/files"
}
mounted() { # services that mount a file alone that changes: "service<tab>file…", both sorted, as plans/mounted.py
    awk -v OFS='\t' -v dir="$project_dir/" '
        side == "left" { sha[$1] = $2; next }
        side == "target" { if (($1 in sha) && sha[$1] != $2) changes[dir $1] = $1; next }
        { path = $0; sub(/^[^\t]*\t/, "", path); sub(/\t.*/, "", $0); if (path in changes) print $0, changes[path] }' \
        side=left "$work/left.files" side=target "$work/target.files" side= "$work/mounts" | LC_ALL=C sort -u |
        awk -F '\t' '{ files[$1] = files[$1] " " $2; if (!seen[$1]++) order[++n] = $1 }
            END { for (i = 1; i <= n; i++) print order[i] "\t" substr(files[order[i]], 2) }'
}
version_of_left() {
    # shellcheck disable=SC2046  # neither a name of an image nor an id holds a space
    version_of $(awk -F '\t' -v s="$version_service" '$1 == s { print $2, $3; exit }' "$work/left")
}

expect_files() { { cat "$work/watched" && [ -z "$release_path" ] || printf '%s\n' "${release_path#"$project_dir"/}"; } | LC_ALL=C sort -u; }
run_folder() { # RUN WHO REASON: everything that it holds before it starts
    mkdir -p "$made/forward" "$made/back" "$made/tidy" "$made/ready" "$made/lib/verbs" "$made/lib/sql"
    for list in forward back tidy; do : >"$made/$list.list" && : >"$made/../$list.steps"; done
    cp "$lib/run/"*.sh "$made/lib/" && cp "$lib/run/verbs/"*.sh "$made/lib/verbs/" && cp "$lib/run/sql/"*.sql "$made/lib/sql/" || return 1
    printf '%s' "$health_url" >"$made/lib/probe.url"
    forward && back && tidy || return 1
    set -- "$1" "$2" "$3" "$project" "$project_dir"
    while IFS= read -r name; do set -- "$@" "$name"; done <<EOF2
$(expect_files)
EOF2
    run=$1 who=$2 reason=$3
    shift 3
    expectation "$@" >"$made/expect" || return 1
    step ready as-planned 60 reads 'the host is still as the plan saw it' facts_are expect "$@" -- cannot 'the host has changed'
    about_lines >"$work/about"
    { printf 'run=%s\n' "$run" && cat "$work/about" && printf 'from=%s\nto=%s\nfrom_identity=%s\nto_identity=%s\n' \
        "${left_version:-unknown version}" "$label" "$left_identity" "$target_identity"; } >"$made/about"
    printf 'who=%s\nreason=%s\nsince=%s\n' "$who" "$reason" "$now" >"$made/mark.about"
    [ ! -f "$home/marks/${left_identity:-none}" ] || cp "$home/marks/$left_identity" "$made/mark.before"
    shift 2
    plan_json "$@" >"$made/plan.json"
    (cd "$made" && find . -type f -exec sha256sum {} +) >"$work/manifest" && mv "$work/manifest" "$made/manifest"
}
tidy() { :; } # what a run that ends before its first change takes away again: restore_plan.sh
about_lines() { printf 'who=%s\ntask=%s\nreason=%s\nsince=%s\nhosts=%s\n' "$who" "${task:-rollback}" "$reason" "$now" "$host_name"; }

plan_json() ( # EXPECTED_FILE…: the plan as Plan.from_json reads it
    printf '{"schema": "hummii-ops/plan/v1", "task": "%s", "environment": %s, "host": %s,\n' "${task:-rollback}" "$(json "$environment")" "$(json "$host_name")"
    printf '%s' "${swap:-}"
    printf '"project": %s, "project_dir": %s, "probe_url": %s,\n' "$(json "$project")" "$(json "$project_dir")" "$(null_or "$health_url")"
    printf '"left": {"label": %s, "identity": %s, "release_id": null,\n' "$(json "${left_version:-unknown version}")" "$(null_or "$left_identity")"
    state_json left
    printf '"target": {"label": %s, "identity": %s, "release_id": %s,\n' "$(json "$label")" "$(null_or "$target_identity")" "$(null_or "$chosen")"
    state_json target
    for list in forward back tidy; do printf '"%s": [%s],\n' "$list" "$(paste -s -d , "$made/../$list.steps")"; done
    printf '"expect": "%s", "expect_files": [%s],\n' "$(json_text "$made/expect")" "$(json_list "$@")"
    printf '"changes": [%s], "warnings": [%s],\n' "$(sentences | json_lines)" "$(cautions | json_lines)"
    printf '"checklist": [%s],\n' "$(checklist)"
    printf '"schema_check": %s,\n' "$(schema_json)"
    printf '"notes": {%s}}\n' "$(notes_json)"
)
notes_json() { # the further files of the run, by their names
    between=
    for name in mark.before rows.expected objects.expected sequences.expected backup schema code next check.sql; do
        [ -f "$made/$name" ] || continue
        printf '%s"%s": "%s"' "$between" "$name" "$(json_text "$made/$name")"
        between=', '
    done
}
null_or() { if [ -n "$1" ]; then json "$1"; else printf null; fi; }
json_text() { awk "$writer"'{ s = json($0); printf "%s\\n", substr(s, 2, length(s) - 2) }' "$1"; } # FILE: as the inside of a string
json_lines() { awk "$writer"'{ printf "%s%s", (NR > 1 ? ", " : ""), json($0) }'; }
json_list() { listed "$@" | json_lines; }
state_json() { # left|target: its files, modes and services
    awk "$writer"'{ f = f (NR > 1 ? ", " : "") json($1) ": \"" $2 "\""; m = m (NR > 1 ? ", " : "") json($1) ": \"" ($3 == "" ? mode($1) : $3) "\"" }
        function mode(name) { return name == ENVIRON["compose_file"] ? "644" : "600" }
        END { printf "\"files\": {%s}, \"modes\": {%s},\n", f, m }' "$work/$1.files"
    awk -F '\t' "$writer"'{
        n = split($4 == "-" ? "" : $4, one, ","); hashes = ""
        for (i = 1; i <= n; i++) hashes = hashes (i > 1 ? ", " : "") json(one[i])
        printf "%s{\"service\": %s, \"ref\": %s, \"image_id\": %s, \"hashes\": [%s], \"steadiness\": %s, \"replicas\": %s}", \
            (NR > 1 ? ",\n" : "\"services\": ["), json($1), json($2), json($3), hashes, json($5), $7
    } END { print (NR ? "" : "\"services\": [") "]}," }' "$work/$1"
}
