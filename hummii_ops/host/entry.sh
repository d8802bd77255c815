# shellcheck shell=sh
# The one door for a laptop: sh -s -- HOME VERB ARGUMENT… with this text, or installed as hummii-host.
# Every verb can be repeated; every verb that acts names its run. What goes wrong is an exit code, never English:
#   0 yes, done   70 no mutex   71 damaged upload   73 lease held by another   74 something is at work
#   75 the stack has moved   76 no such run   77 not in that state   78 cannot write here   2 not a call of ours
#   87 not for a restricted key   88 others may write in the home
# Sent along: lease.sh, a function payload (the run's folder, a base64 tar) and a function about (key=value lines).
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C PATH

ground() { # the home, made on first use; where others may write, or that lies elsewhere, runs could be theirs
    [ ! -L "$home" ] && [ -z "$(find "$home" "$home/runs" -maxdepth 0 -perm -0002 2>/dev/null)" ] || exit 88
    mkdir -p "$home/runs" && [ -w "$home" ] && [ -w "$home/runs" ] || exit 78
}
folder() { dir=$home/runs/$1; [ -d "$dir" ] || exit 76; }
state_of() { cat "$home/runs/$1/state" 2>/dev/null; }
busy() { [ -e "$home/busy.lock" ] && ! flock -s -n 7 7<"$home/busy.lock"; }
ended() { case $1 in done | restored | prepared | refused | abandoned) return 0 ;; esac; return 1; }
put() { # FILE: the lines on stdin, written beside, synced, renamed
    beside=${1%/*}/.${1##*/}.$$
    { cat >"$beside" && sync "$beside" && mv -fT "$beside" "$1" && sync "${1%/*}"; } || { rm -f "$beside"; exit 78; }
}
abandon() ( # RUN STATE…: if nothing runs and its state is one of these, it is given up; else 74
    run=$1
    shift
    exec 9>>"$home/busy.lock"
    flock -w 1 9 || exit 74 # kept until the state is written: no runner can begin meanwhile
    for state; do [ "$(state_of "$run")" != "$state" ] || echo abandoned | put "$home/runs/$run/state" || exit; done
    ! ended "$(state_of "$run")" || lease_give_back "$home" "$run"
)

claim() { # RUN; the about lines come from the function about
    ground
    about | lease_claim "$home" "$1"
}
give_back() { # RUN: claimed on several hosts, and one said no; a run that began keeps it, or its steps would be fenced out
    case $(state_of "$1") in '') ;; ready) ! busy || return 0 ;; *) return 0 ;; esac
    lease_give_back "$home" "$1"
}
receive() { # RUN: the rename is the commit; a second copy of the same run is dropped
    ground
    [ ! -d "$home/runs/$1" ] || return 0
    fresh=$home/runs/.$1.$$.tmp # of this process alone: the same run may be sent twice at once
    trap 'rm -rf "$fresh"' EXIT
    mkdir "$fresh" || exit 78
    payload | base64 -d | tar -xzf - --no-same-permissions --no-same-owner -C "$fresh" || spoiled
    (cd "$fresh" && sha256sum --quiet --strict -c manifest) || spoiled
    accept "$fresh" || exit 87
    { mkdir -p "$fresh/evidence" "$fresh/gates" "$fresh/facts" && true >"$fresh/output.log" && true >"$fresh/journal.jsonl" &&
        echo ready >"$fresh/state" && find "$fresh" -exec sync {} +; } || spoiled
    mv -T "$fresh" "$home/runs/$1" 2>/dev/null || [ -d "$home/runs/$1" ] || exit 78
    sync "$home/runs"
}
accept() { :; } # FOLDER: whether it may become a run; a restricted key's own stands in its place
spoiled() { # by the way here, or by a full disk
    [ "$(df -P -k "$home" | awk 'NR == 2 { print $4 }')" -ge 1024 ] || exit 78
    exit 71
}
claim_again() { # RUN: one that began and has not ended takes a lease that is free; what never began is refused
    case $(state_of "$1") in
        forward | back | mixed) grep -v '^\(run\|from\|to\|from_identity\|to_identity\)=' "$dir/about" | lease_claim "$home" "$1" ;;
        *) cat "$home/lease" 2>/dev/null; exit 73 ;;
    esac
}
start() { # RUN: never starts twice; the runner itself takes busy.lock
    folder "$1"
    ! ended "$(state_of "$1")" || return 0
    lease_is_of "$home" "$1" || claim_again "$1" || exit
    before=$(stat -c %s "$dir/journal.jsonl") wait=0
    setsid sh "$dir/lib/runner.sh" "$dir" </dev/null >>"$dir/output.log" 2>&1 &
    # begun is what the journal says; what goes on in a run that has begun is for follow to tell
    until [ "$(stat -c %s "$dir/journal.jsonl")" != "$before" ] || { [ "$before" != 0 ] && busy; } || [ $wait -ge 80 ]; do
        ! ended "$(state_of "$1")" || return 0 # cancelled meanwhile
        wait=$((wait + 1))
        sleep 0.05
    done
    [ -s "$dir/journal.jsonl" ] || ended "$(state_of "$1")" || {
        busy && exit 74 # a process of another run is still at work
        lease_give_back "$home" "$1"
        exit 78 # it could not write its first word
    }
}
follow() { # RUN OFFSET: "J line" for each journal line after the first OFFSET, "B" as a beat, then "E state"
    folder "$1"
    seen=0 beat=0 idle=0 over=0 part=
    exec 3<"$dir/journal.jsonl"
    while :; do
        if busy; then quiet='' idle=0; else quiet=1 idle=$((idle + 1)); fi
        read -r state <"$dir/state" || state=unknown
        while IFS= read -r line <&3 || { part=$part$line; false; }; do
            line=$part$line part=
            seen=$((seen + 1))
            [ $seen -le "$2" ] || printf 'J %s\n' "$line"
        done
        # The state was read before the journal was drained: after an end nothing can follow. A moment for the runner
        # to give back the lease; a child that lives on must not keep us. Mixed may be on its way back again.
        ! ended "$state" || over=$((over + 1))
        [ -z "$quiet" ] || [ $over = 0 ] || break
        [ $over -lt 8 ] || break
        [ -z "$quiet" ] || [ "$state" != mixed ] || break
        [ $idle -lt 24 ] || break # quiet and not ended: interrupted
        beat=$((beat + 1))
        [ $((beat % 60)) != 0 ] || echo B
        sleep 0.05
    done
    printf 'E %s\n' "$state"
}
begin() { # RUN OFFSET: all of it in one round trip; said again after a lost link, it only follows
    case $(state_of "$1") in '' | ready) { claim "$1" || exit; } && receive "$1" && start "$1" || exit ;; esac
    follow "$1" "$2"
}
again() { # RUN OFFSET: go on in the direction that is latched
    start "$1"
    follow "$1" "$2"
}
answer() { # RUN GATE WORD: exactly one answer, whoever links first
    folder "$1"
    { printf '%s\n' "$3" >"$dir/gates/.$2.$$" && sync "$dir/gates/.$2.$$"; } || { rm -f "$dir/gates/.$2.$$"; exit 78; }
    ln "$dir/gates/.$2.$$" "$dir/gates/$2" 2>/dev/null
    rm -f "$dir/gates/.$2.$$"
    head -n 1 "$dir/gates/$2"
}
still_here() { # RUN GATE: whoever will answer it is there: its deadline counts from now
    folder "$1"
    touch -c "$dir/gates/.$2.default"
}
cancel() { # RUN: takes effect between steps; one that never began is abandoned here
    folder "$1"
    ! ended "$(state_of "$1")" || exit 77
    { true >"$dir/cancel" && sync "$dir"; } || exit 78 # ":" in its place would end the shell with 2, in dash
    # one that waits for its turn, or soon will, need not wait
    [ ! -e "$dir/forward/turn.sh" ] || (answer "$1" turn stop) >/dev/null || :
    [ "$(state_of "$1")" != ready ] || abandon "$1" ready || [ $? = 74 ] || exit 78
}
back() { # RUN OFFSET: an unfinished run goes back; said again after it has ended, it only follows
    folder "$1"
    ended "$(state_of "$1")" || cancel "$1"
    start "$1"
    follow "$1" "$2"
}
discard() { # RUN: what it prepared is not wanted any more, and has been taken away
    folder "$1"
    [ "$(state_of "$1")" != prepared ] || echo abandoned | put "$dir/state"
}
unlock() { # RUN|- : free the lease; an unfinished run must be named, and becomes abandoned
    ground
    busy && exit 74
    held=$(lease_holder "$home")
    [ -n "$held" ] || exit 76
    case $(state_of "$held") in forward | back | mixed) [ "$1" = "$held" ] || exit 77 ;; esac
    abandon "$held" forward back mixed || exit
    { date -u +%FT%TZ; about; } | tr '\n' ' ' >>"$home/lease.log"
    echo >>"$home/lease.log"
    lease_give_back "$home" "$held"
    printf '%s\n' "$held"
}
collect() { # RUN [KEEP]: the run's folder without lib and without copies of the stack's files, as a tar; then as prune
    folder "$1"
    cd "$home/runs" && tar -czf - --exclude="$1/lib" --exclude="$1/before" --exclude="$1/target" "$1" 2>/dev/null
    [ $? -le 1 ] || exit # 1: a file grew meanwhile, as that of the last probes may
    [ $# = 1 ] || (prune "$2") || : # tidying up may fail; the run has ended, and that is what is told
}
prune() { # KEEP: the finished runs beyond the newest KEEP lose their evidence and their copies; the journal stays
    case $1 in '' | 0 | *[!0-9]*) exit 2 ;; esac
    # those that changed something are counted by themselves: no number of backups may take the last undo away
    changes=0 others=0
    find "$home/runs" -mindepth 1 -maxdepth 1 -name '[0-9]*' -printf '%f\n' | sort -r | while read -r run; do
        if [ -e "$home/runs/$run/changed" ]; then changes=$((changes + 1)) nth=$changes; else others=$((others + 1)) nth=$others; fi
        [ $nth -le "$1" ] || ! ended "$(state_of "$run")" || rm -rf "$home/runs/$run/evidence" "$home/runs/$run/before" "$home/runs/$run/target"
    done
}
read_run() { # RUN: its plan
    folder "$1"
    cat "$dir/plan.json"
}
read_fact() { # RUN NAME: a value that was born in it, as `left`, the state that it noted at its end
    folder "$1"
    case $2 in *[!a-z-]*) exit 2 ;; esac
    [ ! -e "$dir/facts/$2" ] || cat "$dir/facts/$2"
}
journals() { # the sha256 of every run's journal
    ! cd "$home/runs" 2>/dev/null || sha256sum -- [0-9]*/journal.jsonl 2>/dev/null || :
}
write() { # hold | marks/IDENTITY | baselines/IDENTITY: the about lines
    ground
    record "$1"
    mkdir -p "$home/marks" "$home/baselines" || exit 78
    alone "$home" || exit 70
    about | put "$home/$1"
}
forget() { # hold | marks/IDENTITY | baselines/IDENTITY
    record "$1"
    alone "$home" || exit 70
    [ ! -e "$home/$1" ] || printf '%s %s lifted: %s; was: %s\n' "$(date -u +%FT%TZ)" "$1" "$(about | tr '\n' ' ')" "$(tr '\n' ' ' <"$home/$1")" >>"$home/lease.log"
    rm -f "$home/$1" && sync "$home"
}
record() { case $1 in hold) ;; */*[!0-9a-f]* | */) exit 2 ;; marks/* | baselines/*) ;; *) exit 2 ;; esac; }
note_good() { # IDENTITY: the about lines become its mark, unless it is marked bad: a passing verify never lifts that
    ground
    mkdir -p "$home/marks" || exit 78
    alone "$home" || exit 70 # a run that marks it bad meanwhile wins
    ! grep -qxs mark=bad "$home/marks/$1" || exit 77
    about | put "$home/marks/$1"
}
keep_release() { # BACKUP COMPOSE IMAGE…, with a payload of record.json, names and manifest: a restore point of what runs
    # The folder comes first and the compose file last: the restore point is there when its name is.
    backup=$1 compose=$2 project_dir=${home%/*}
    shift 2
    fresh=${backup%/*}/.${backup##*/}.$$
    trap 'rm -rf "$fresh"' EXIT
    mkdir -p "$fresh/files" || exit 78
    payload | base64 -d | tar -xzf - --no-same-permissions --no-same-owner -C "$fresh" || spoiled
    while read -r name; do
        { mkdir -p "$(dirname "$fresh/files/$name")" && cp -p "$project_dir/$name" "$fresh/files/$name"; } || exit 78
    done <"$fresh/names"
    cp "$project_dir/$compose" "$fresh/compose" && (cd "$fresh" && sha256sum --quiet --strict -c manifest) || exit 75
    for image; do docker tag "$image" "hummii-ops/keep:$(printf %.12s "${image#sha256:}")" || exit 75; done
    find "$fresh" -exec sync {} +
    mv -T "$fresh" "$backup.release" && put "$backup" <"$backup.release/compose"
}
main() { # HOME VERB ARGUMENT…
    home=$1 verb=$2
    shift 2
    # as open to a group as the project's own folder, and no more
    if [ -g "${home%/*}" ]; then umask 007; else umask 077; fi
    case $verb in
        claim | give_back | receive | start | follow | begin | again | answer | still_here | cancel | back | collect | read_run | read_fact | discard)
            case $1 in '' | *[!A-Za-z0-9-]*) exit 76 ;; esac ;;
        unlock | journals | write | note_good | forget | keep_release) ;;
        *) exit 2 ;;
    esac
    "$verb" "$@"
}
