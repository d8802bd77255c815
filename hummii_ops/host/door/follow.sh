# shellcheck shell=sh disable=SC2154,SC2317  # the run, $work and $made come from door.sh
# Hands the run to the entry and watches it to its end. Losing this process decides nothing: the run goes on.
follow_to_its_end() {
    echo "run $run"
    watched
    begun "$run" "$made"
    end_as "$state"
}
follow_both() { # the run that exchanges lies ready before the first begins, and the host goes on to it by itself
    echo "runs $first, then $second"
    run=$first
    watched
    with_entry "$work/second" receive "$second" || stop 3 "refused: no room or no right to write in $home; nothing changed" 'df -h'
    begun "$first" "$work/first"
    case $state in
        prepared) ;;
        refused | abandoned) # the runner has given the second up
            stop 3 "refused: it could not be prepared, and what is served was not touched: $(failed_step "$first")" "why: $home/runs/$first/output.log" ;;
        *) end_as "$state" ;; # cut: it can go on, and then into the exchange
    esac
    run=$second
    { with_entry "$work/second" follow "$second" 0; echo "C $?"; } | tell
    state=$(cat "$home/runs/$second/state")
    [ "$state" != ready ] || stop 3 'refused: prepared, but the exchange did not begin: somebody else was at work' "from a laptop: fab resume --run=$first"
    sed 's/^/  ! the backup itself: /' "$home/runs/$first/facts/doubts" 2>/dev/null
    label="$database_name as of $backup_name"
    case $state in
        refused | abandoned)
            stop 3 "prepared, but not exchanged: $(failed_step "$second"); what is served was not touched" \
                "from a laptop: fab resume --run=$first, or fab cancel --run=$first" ;;
    esac
    end_as "$state"
}
watched() { trap left INT TERM HUP; }
left() { # what has begun goes on by itself; what has not is given up
    trap '' INT TERM HUP
    echo
    begins=${first:-$run}
    case $(cat "$home/runs/$begins/state" 2>/dev/null) in
        '' | ready)
            for one in "$begins" ${second:-}; do
                with_entry "$work" give_back "$one"
                with_entry "$work" cancel "$one"
            done >/dev/null 2>&1 ;;
    esac
    case $(cat "$home/runs/$begins/state" 2>/dev/null) in
        '' | ready | refused | abandoned) echo 'interrupted; nothing was changed' >&2 && exit 130 ;;
    esac
    echo 'left; the run goes on by itself' >&2
    echo "  next: from a laptop: fab attach --run=$run; here: cat $home/runs/$run/state" >&2
    exit 8
}
with_entry() ( # MADE VERB RUN …: the entry's own words and exit codes
    made=$1 verb=$2
    shift 2
    . "$lib/run/entry.sh"
    . "$lib/run/lease.sh"
    about() { grep -v '^\(run\|from\|to\|from_identity\|to_identity\)=' "$made/about"; }
    payload() { tar -C "$made" -czf - . | base64; }
    main "$home" "$verb" "$@"
)
begun() { # RUN MADE: claimed, received, started and followed to its end: $state
    { with_entry "$2" begin "$1" 0; echo "C $?"; } | tell
    code=$(cat "$work/code") || code=1
    state=$(cat "$home/runs/$1/state" 2>/dev/null)
    # what lies ready for after a run that never began is given up
    [ "$code" = 0 ] || [ -z "${second:-}" ] || with_entry "$work/second" cancel "$second" || :
    case $code in
        0) ;;
        73 | 74 | 70) stop 4 "someone else holds the lease: $(sed -n 's/^who=//p' "$work/said") for $(sed -n 's/^run=//p' "$work/said"): $(sed -n 's/^reason=//p' "$work/said")" 'from a laptop: fab status' ;;
        78) stop 3 "refused: no room or no right to write in $home; nothing changed" 'df -h' ;;
        *) stop 3 "refused ($code); nothing changed" 'from a laptop: fab status' ;;
    esac
}
failed_step() { # RUN: what it said where it failed
    sed -n 's/.*"ev":"failed".*"step":"\([a-z0-9-]*\)".*/\1/p' "$home/runs/$1/journal.jsonl" | head -n 1
    tail -n 1 "$home/runs/$1/output.log" | cut -c 1-200
}
tell() { # the entry's lines, as a person reads them; a line of the journal is looked at for the words of the plan only
    while read -r kind rest; do
        case $kind in
            J) printf '%s\n' "$rest" | awk '
                FNR == NR && FILENAME != "-" { ids[++n] = $1; next }
                {
                    word = ""
                    if (index($0, "\"ev\":\"done\"")) word = "done"
                    if (index($0, "\"ev\":\"start\"")) word = "..."
                    if (index($0, "\"ev\":\"failed\"")) word = "FAILED"
                    if (index($0, "\"ev\":\"again\"")) word = "again"
                    if (index($0, "\"ev\":\"back\"")) print "  going back to the state from before"
                    for (i = 1; i <= n; i++) if (word != "" && index($0, "\"step\":\"" ids[i] "\"")) { printf "  %-8s %s\n", word, ids[i]; exit }
                }' "$work/ids" - ;;
            C) echo "$rest" >"$work/code" ;;
            B | E) ;;
            *) echo "$kind${rest:+ $rest}" >>"$work/said" ;;
        esac
    done
}
end_as() { # STATE: said, with the exit code that fab has for it
    case $1 in
        "done")
            next="from a laptop: fab verify; to take it back: fab undo --run=$run"
            held=
            [ ! -e "$home/hold" ] || held='  deploys are held until someone lifts it; from a laptop: fab unhold'
            if grep -q '"ev":"failed"' "$home/runs/$run/journal.jsonl"; then
                stop 7 "$label runs and is proven, but a note could not be written${held:+
$held}" "$next"
            fi
            echo "$label runs, proven by image ids and health; outside: skipped: no laptop"
            [ -z "$held" ] || printf '%s\n' "$held"
            echo "  next: $next"
            exit 0 ;;
        restored) stop 5 "$label did not hold; the previous state (${left_version:-as before}) is back and proven" "why: $home/runs/$run/output.log" ;;
        refused)
            [ ! -s "$home/runs/$run/failed" ] || stop 3 "refused, and nothing was changed: $(failed_step "$run")" "why: $home/runs/$run/output.log"
            stop 3 'refused: the stack changed while the plan was made; nothing was changed' 'try again' ;;
        abandoned)
            [ ! -e "$home/runs/$run/changed" ] || stop 6 'given up by someone as it stood: what runs is not proven' 'from a laptop: fab status'
            stop 3 'cancelled by someone before anything was changed' 'from a laptop: fab status' ;;
        *) stop 6 "failed: the run stands at '$1', and a person is needed" "from a laptop: fab resume --run=$run, or fab undo --run=$run" ;;
    esac
}
