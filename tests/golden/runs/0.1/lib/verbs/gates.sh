# shellcheck shell=sh disable=SC2154  # run comes from step.sh
# A gate waits for one answer from outside and always ends: at the deadline the runner gives the default itself.
gate_says() ( # NAME WORD…
    [ -s "$run/gates/$1" ] || exit 1
    read -r said <"$run/gates/$1"
    shift
    for word; do [ "$said" != "$word" ] || exit 0; done
    echo "the answer was: $said"
    exit 1
)
ask_gate() ( # NAME SECONDS DEFAULT
    deadline=$(($(date +%s) + $2)) default=$run/gates/.$1.default
    # written before the wait, so that a disk that fills meanwhile cannot leave the gate without an answer
    [ -e "$run/gates/$1" ] || { printf '%s\ndefault\n' "$3" >"$default" && sync "$default"; }
    until [ -e "$run/gates/$1" ]; do
        # exactly one answer: whoever links first
        [ "$(date +%s)" -lt $deadline ] || ln "$default" "$run/gates/$1" 2>/dev/null || true
        sleep 0.1
    done
)
