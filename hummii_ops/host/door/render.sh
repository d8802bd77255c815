# shellcheck shell=sh disable=SC2154  # the settings, $work, $release and what look.sh found come from door.sh
# The plan of a rollback as a run's folder in $made: the same verbs and the same step ids as plans/forward.py.
# It prints JSON of its own words and never reads any; no word is ever pasted into shell text unquoted.
# shellcheck disable=SC2016  # dollars are awk's
writer='
function quoted(s,    i, c, out) {
    if (s ~ /^[A-Za-z0-9_@%+=:,.\/-]+$/) return s
    for (i = 1; i <= length(s); i++) { c = substr(s, i, 1); out = out (c == "\047" ? "\047\\\047\047" : c) }
    return "\047" out "\047"
}
function json(s,    i, c, out) {
    gsub(/[\001-\010\013\014\016-\037]/, " ", s)
    for (i = 1; i <= length(s); i++) { c = substr(s, i, 1); out = out (c == "\"" || c == "\\" ? "\\" c : c == "\t" ? "\\t" : c == "\r" ? "\\r" : c) }
    return "\"" out "\""
}'
json() { awk "$writer"'BEGIN { printf "%s", json(ARGV[1]); exit }' "$1"; } # TEXT: as a JSON string
step() { # LIST ID LIMIT_S EFFECT TITLE HOLDS… -- ACT…: its file, its line of the list, its part of the plan
    awk "$writer"'BEGIN {
        made = ENVIRON["made"]; list = ARGV[1]; id = ARGV[2]
        for (i = 6; ARGV[i] != "--"; i++) { holds = holds " " quoted(ARGV[i]); held = held (held ? ", " : "") json(ARGV[i]) }
        for (i++; i < ARGC; i++) { act = act " " quoted(ARGV[i]); acts = acts (acts ? ", " : "") json(ARGV[i]) }
        printf "holds() {%s; }\nact() {%s; }\n", holds, act >(made "/" list "/" id ".sh")
        if (list == "ready") exit
        printf "%s %s %s\n", id, ARGV[3], ARGV[4] >>(made "/" list ".list")
        printf "{\"id\": \"%s\", \"title\": %s, \"effect\": \"%s\", \"limit_s\": %s, \"holds\": [%s], \"act\": [%s]}\n", \
            id, json(ARGV[5]), ARGV[4], ARGV[3], held, acts >>(made "/../" list ".steps")
        exit
    }' "$@"
}
slug() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]' | tr -c '[:lower:][:digit:]' '-' | sed 's/--*/-/g; s/^-//; s/-$//'; } # PATH: its part of a step id
step_id() ( # PREFIX NAME: the id of a step about a service or a file, as steps/step.py has it
    case $2 in .env) echo "$1-env" && exit ;; "$compose_file") echo "$1-compose" && exit ;; esac
    plain=$(slug "$2") whole=$1-$(slug "$2")
    case $plain in
        images | services | the-ill | back | compose | env | back-*) ;;
        "$2") [ ${#whole} -gt 63 ] || { echo "$whole" && exit; } ;;
    esac
    printf '%s-%.4s\n' "$(printf '%.58s' "$whole" | sed 's/-*$//')" "$(printf '%s' "$2" | sha256sum)"
)
listed() { awk 'BEGIN { for (i = 1; i < ARGC; i++) print ARGV[i] }' "$@"; }

forward() {
    step forward room-is-left 10 reads '200 MiB are free' room_is_left "$project_dir" 209715200 -- cannot 'too little room on the disk'
    while read -r name sha; do
        source=$release_path.release/files/$name
        [ "$name" != "$compose_file" ] || source=$release_path
        step forward "$(step_id keep-target "$name")" 20 prepares "keep the release's copy of $name" \
            file_kept "target/$name" "$sha" -- keep_file "$source" "target/$name"
    done <"$work/target.files"
    while read -r name sha _; do
        step forward "$(step_id keep-before "$name")" 20 prepares "keep what stands there now of $name" \
            file_kept "before/$name" "$sha" -- keep_file "$project_dir/$name" "before/$name"
    done <"$work/left.files"
    while read -r name keys; do # keys are names of variables
        # shellcheck disable=SC2086
        set -- "target/$name.merged" "target/$name" "before/$name" $keys
        step forward "$(step_id merge "$name")" 10 prepares "keep today's $keys in $name" env_merged "$@" -- merge_env "$@"
    done <"$work/merged"
    # shellcheck disable=SC2046  # ids are hex words
    set -- $({ cut -f 3 "$work/left" && cut -f 3 "$work/target"; } | sort -u)
    step forward pin-images 30 prepares "pin $# images, so that no prune takes them" images_pinned "$@" -- pin_images "$@"
    step forward evidence-before 60 prepares 'save logs and states of what is about to be replaced' \
        evidence_saved before -- save_evidence before "$project"
    first_changes
    change
    [ -z "${swap:-}" ] || proxy_looks_again
    judge_target
    more_proofs
    record_it
}
first_changes() { :; } # what comes before the changes of code, and
more_proofs() { :; }   # what is proven beside health, when the database is exchanged: restore_plan.sh
copy_of() { # NAME: where its bytes for the live path are, in the run
    if grep -q "^$1 " "$work/merged"; then echo "target/$1.merged"; else echo "target/$1"; fi
}
change() {
    # shellcheck disable=SC2046  # neither a name of an image nor an id holds a space
    set -- $(named target)
    [ $# = 0 ] || step forward restore-images 30 changes 'the images of the release have its names' images_are "$@" -- tag_images "$@"
    while read -r name _; do
        mode=$(awk -v name="$name" '$1 == name { print $3 }' "$work/left.files")
        set -- "$(copy_of "$name")" "$project_dir/$name" "${mode:-600}"
        step forward "$(step_id restore "$name")" 20 changes "restore $name" file_as "$2" "$1" -- put_file "$@"
    done <"$work/target.files"
    while read -r service; do
        run_services forward "$(step_id replace "$service")" "$service as the release has it" "$service"
    done <"$work/changed"
    # shellcheck disable=SC2046  # names of services
    set -- $(judged | grep -vxFf "$work/changed")
    [ $# = 0 ] || run_services forward the-rest "$* as the release has them" "$@"
    # shellcheck disable=SC2046
    set -- $(cat "$work/ill")
    # shellcheck disable=SC2046
    [ $# = 0 ] || step forward the-ill 180 changes "$* as the release has them (ill before)" services_are there "$project" $(wanted target "$@") -- \
        compose_up "$project" "$project_dir" "$compose_path" $(up_words target "$@")
    # shellcheck disable=SC2046
    set -- $(cat "$work/resting")
    [ $# = 0 ] || step forward stay-stopped 180 changes "$* stopped, as before" services_stopped "$project" "$@" -- stop_services "$project" "$@"
    # shellcheck disable=SC2046
    set -- $(cat "$work/extra")
    [ $# = 0 ] || step forward stop-extra 180 changes "$* stopped: the release does not have them" services_stopped "$project" "$@" -- stop_services "$project" "$@"
    cut -f 1 "$work/target" | grep -vxFf "$work/resting" | sees forward
}
wanted() { # STATE SERVICE…: SERVICE=REPLICAS IMAGE HASHES words; a configuration that is not known can only be made
    state=$1 any=-
    [ "$state" = target ] || any=any
    shift
    for one; do
        awk -F '\t' -v s="$one" -v any="$any" '$1 == s { print $1 "=" $7, $3, $4 == "-" ? any : $4 }' "$work/$state"
    done
}
up_words() { wanted "$@" | cut -d ' ' -f 1; } # STATE SERVICE…: SERVICE[=REPLICAS] words
run_services() { # LIST ID TITLE SERVICE…
    list=$1 id=$2 title=$3 state=target
    [ "$list" = forward ] || state=left
    shift 3
    up=compose_up words=up_words
    if [ -n "${swap:-}" ] && [ "$id" != the-rest ]; then up=start_or_up words=wanted; fi # the code stays
    # shellcheck disable=SC2046  # service names, ids, hashes
    step "$list" "$id" 180 changes "$title" services_are up "$project" $(wanted $state "$@") -- \
        $up "$project" "$project_dir" "$compose_path" $($words $state "$@")
}
sees() { # LIST, and the services that it is about on stdin: those that mount a file alone that changes
    cat >"$work/about"
    while IFS=$tab read -r service names; do
        grep -qxF "$service" "$work/about" || continue
        set -- "$1" "$service"
        for name in $names; do set -- "$@" "$project_dir/$name"; done
        list=$1
        shift
        step "$list" "$(step_id restart "$service")" 180 changes "$service sees $(echo "$names" | sed 's/ /, /g'): started after that changed" \
            sees_files "$project" "$@" -- restart_service "$project" "$service"
        set -- "$list"
    done <"$work/mounted"
}
judged() { cut -f 1 "$work/target" | grep -vxF -f "$work/ill" -f "$work/resting"; } # what it is about: neither ill before nor stopped
judge_target() {
    # shellcheck disable=SC2046  # names of services
    set -- $(judged)
    timeout=${health_timeout:-$(awk -F '\t' '$16 > most { most = $16 } END { most = int(most) + 30; print most < 60 ? 60 : most }' "$work/containers")}
    version=$(cat "$release/version") field=$version_field
    [ -n "$version" ] && [ -n "$field" ] || version=- field=-
    url=${health_url:--}
    [ "$url" != - ] || version=- field=-
    [ $# = 0 ] || step forward services-healthy $((timeout + 15)) reads "every replica is healthy, within $timeout s" \
        services_well "$project" "$@" -- await_services "$timeout" "$project" "$@"
    [ "$url" = - ] || proxy_follows
    [ "$url" = - ] || step forward answers-inside $((timeout + 15)) reads "$url answers as $version" \
        answers "$url" "$field" "$version" -- await_answer "$timeout" "$url" "$field" "$version"
    [ $# = 0 ] || [ "$settle" = 0 ] || step forward settled $((settle + timeout + 15)) reads "nothing restarts, dies or stops answering for $settle s" \
        settled "$project" "$@" -- settle "$settle" $((settle + timeout)) "$url" "$field" "$version" "$project" "$@"
    while read -r name _; do
        step forward "$(step_id proven "$name")" 10 reads "$name is as in the release" \
            file_as "$project_dir/$name" "$(copy_of "$name")" -- cannot "$name has changed"
    done <"$work/target.files"
    [ $# != 0 ] || return 0
    # shellcheck disable=SC2046
    step forward proven 180 changes "every service runs the release's image and configuration" \
        services_are running "$project" $(wanted target "$@") -- \
        compose_up "$project" "$project_dir" "$compose_path" $(up_words target "$@")
    step forward proven-well $((timeout + 15)) reads 'every replica of it is well' \
        services_well "$project" "$@" -- await_services "$timeout" "$project" "$@"
}
proxy_follows() {
    [ -n "$proxy" ] && cut -f 1 "$work/target" | grep -vxFf "$work/resting" | grep -qxF "$proxy" || return 0
    set --
    while IFS= read -r line; do set -- "$@" "$line"; done <"$work/reload"
    step forward proxy-follows 60 changes "$proxy reaches the new containers" answers "$url" "$field" "$version" -- \
        reload_proxy 10 "$url" "$field" "$version" "$project" "$proxy" "$@"
}
proxy_looks_again() {
    [ -n "$proxy" ] && cut -f 1 "$work/target" | grep -vxFf "$work/resting" | grep -qxF "$proxy" || return 0
    set --
    while IFS= read -r line; do set -- "$@" "$line"; done <"$work/reload"
    step forward proxy-looks-again 30 records "$proxy asks anew where the started services are" \
        proxy_told "$project" "$proxy" "$@" -- look_again "$project" "$proxy" "$@"
}
record_it() {
    [ -z "$left_identity" ] || [ "$left_identity" = "$target_identity" ] ||
        step forward mark-left-bad 10 records 'mark the release that was left as bad' \
            mark_is "$left_identity" bad -- put_mark "$left_identity" bad mark.about
    step forward hold-deploys 10 records 'hold guarded deploys until someone lifts it' is_held -- put_hold mark.about
    set -- "$project" "$project_dir"
    while IFS= read -r name; do set -- "$@" "$name"; done <"$work/watched"
    step forward remember-left 20 records 'note the state that this run leaves, for an undo' left_known -- remember_left "$@"
}

back() {
    [ -z "${swap:-}" ] || exchanged back back- live
    # shellcheck disable=SC2046
    set -- $(named left)
    [ $# = 0 ] || step back return-images 30 changes 'the images have the names that they had' images_are "$@" -- tag_images "$@"
    while read -r name _ mode; do
        step back "$(step_id return "$name")" 20 changes "put back $name" \
            file_as "$project_dir/$name" "before/$name" -- put_file "before/$name" "$project_dir/$name" "$mode"
    done <"$work/left.files"
    while read -r name _; do
        cut -d ' ' -f 1 "$work/left.files" | grep -qxF "$name" || step back "$(step_id remove "$name")" 10 changes \
            "take $name away: it was not there before" file_gone "$project_dir/$name" -- remove_file "$project_dir/$name"
    done <"$work/target.files"
    cut -f 1 "$work/left" >"$work/left.names"
    # shellcheck disable=SC2046
    set -- $(cut -f 1 "$work/target" | grep -vxFf "$work/left.names")
    [ $# = 0 ] || step back stop-added 180 changes "$* stopped: not there before" services_stopped "$project" "$@" -- stop_services "$project" "$@"
    # shellcheck disable=SC2046
    set -- $(that runs)
    [ $# = 0 ] || run_services back return-services "$* as before" "$@"
    # shellcheck disable=SC2046
    set -- $(that ill)
    # shellcheck disable=SC2046
    [ $# = 0 ] || step back return-the-ill 180 changes "$* as before (ill then)" services_are there "$project" $(wanted left "$@") -- \
        compose_up "$project" "$project_dir" "$compose_path" $(up_words left "$@")
    { that runs && that ill; } | sees back
    # shellcheck disable=SC2046
    set -- $(that stopped)
    [ $# = 0 ] || step back stopped-as-before 180 changes "$* stopped, as before" services_stopped "$project" "$@" -- stop_services "$project" "$@"
    while read -r name _; do
        step back "$(step_id proven-back "$name")" 10 reads "$name is as before" \
            file_as "$project_dir/$name" "before/$name" -- cannot "$name has changed"
    done <"$work/left.files"
    # shellcheck disable=SC2046
    set -- $(that runs)
    # shellcheck disable=SC2046
    [ $# = 0 ] || {
        step back proven-back 90 reads 'what ran before runs again, by image id' services_are running "$project" $(wanted left "$@") -- \
            await_running 75 "$project" $(wanted left "$@")
        step back stays-back 180 changes 'it stays up; what went down again is started' services_stay 2 "$project" $(wanted left "$@") -- \
            start_and_stay 75 2 "$project" $(wanted left "$@")
    }
    if [ -n "$left_identity" ] && [ "$left_identity" != "$target_identity" ]; then
        source=-
        [ ! -f "$home/marks/$left_identity" ] || source=mark.before
        step back mark-as-before 10 records 'take back the mark' mark_was "$left_identity" $source -- restore_mark "$left_identity" $source
    fi
    step back lift-hold 10 records 'lift the hold' hold_gone - -- remove_hold -
    [ -z "$target_identity" ] || [ -n "${swap:-}" ] || step back mark-target-bad 10 records 'mark the target as bad, if it was its health that failed' \
        target_is_judged "$target_identity" services-healthy proxy-follows answers-inside settled confirmed-outside -- \
        put_mark "$target_identity" bad mark.about
}
that() { awk -F '\t' -v how="$1" '$5 == how { print $1 }' "$work/left"; } # runs|ill|stopped: those services
