# shellcheck shell=sh disable=SC2154  # run, home and lib come from step.sh
# What a run writes about the stack, and what it keeps of it: marks, the hold, evidence, the state it leaves.
put_record() { # NAME below the home <lines
    folder=$(dirname "$home/$1")
    beside=$folder/.$(basename "$1").${run##*/}
    mkdir -p "$folder"
    cat >"$beside"
    sync "$beside"
    mv -f "$beside" "$home/$1"
    sync "$folder"
}
mark_is() ( grep -qx "mark=$2" "$home/marks/$1" 2>/dev/null ) # IDENTITY good|bad
put_mark() ( # IDENTITY good|bad ABOUT
    about=$(cat "$run/$3")
    printf 'mark=%s\nrun=%s\n%s\n' "$2" "${run##*/}" "$about" | put_record "marks/$1"
)
target_is_judged() ( # IDENTITY STEP…: marked bad, or the run did not fail at one of these steps
    ! mark_is "$1" bad || exit 0
    [ -s "$run/failed" ] || exit 0
    read -r failed <"$run/failed"
    shift
    for step; do [ "$failed" != "$step" ] || exit 1; done
)
mark_was() ( # IDENTITY SOURCE|-: the mark is as it was (SOURCE: a copy in the run; - : none)
    if [ "$2" = - ]; then [ ! -e "$home/marks/$1" ]; else cmp -s "$home/marks/$1" "$run/$2"; fi
)
restore_mark() ( if [ "$2" = - ]; then rm -f "$home/marks/$1"; else put_record "marks/$1" <"$run/$2"; fi ) # IDENTITY SOURCE|-
hold_is() ( # RUN|-: - is this run
    [ "$1" != - ] || set -- "${run##*/}"
    grep -qx "run=$1" "$home/hold" 2>/dev/null
)
hold_is_ours() ( hold_is - )
put_hold() ( # ABOUT
    about=$(cat "$run/$1")
    printf 'run=%s\n%s\n' "${run##*/}" "$about" | put_record hold
)
hold_gone() ( [ ! -e "$home/hold" ] || ! hold_is "$1" ) # RUN|-: no hold of that run; another's stays
remove_hold() ( ! hold_is "$1" || rm -f "$home/hold" ) # RUN|-
evidence_saved() ( [ -e "$run/evidence/$1/complete" ] ) # NAME
save_evidence() ( # NAME PROJECT: what is about to be replaced, before it goes; never its environment
    dir=$run/evidence/$1
    mkdir -p "$dir"
    ids=$(docker ps -aq --filter "label=com.docker.compose.project=$2")
    docker ps -a --no-trunc --filter "label=com.docker.compose.project=$2" >"$dir/ps.txt" &
    # shellcheck disable=SC2086  # ids are hex words
    [ -z "$ids" ] || docker inspect --format '{"name":{{json .Name}},"image":{{json .Image}},"ref":{{json .Config.Image}},"state":{{json .State}},"restarts":{{.RestartCount}},"mounts":{{json .Mounts}}}' $ids >"$dir/containers.jsonl" &
    for id in $ids; do
        docker logs --timestamps --tail 2000 "$id" >"$dir/$id.log" 2>&1 &
    done
    wait
    : >"$dir/complete"
)
left_known() ( [ -s "$run/facts/left" ] )
remember_left() ( # PROJECT DIR FILE…: the stack as this run leaves it, so that an undo can tell if it was touched since
    mkdir -p "$run/facts"
    expectation "$@" >"$run/facts/.left"
    sync "$run/facts/.left"
    mv -f "$run/facts/.left" "$run/facts/left"
)
facts_are() ( # FILE PROJECT DIR FILE…: the host is still as the plan saw it
    file=$run/$1
    shift
    expectation "$@" | diff "$file" - 
)
