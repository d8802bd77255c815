# The one door for a laptop: sh -s -- HOME VERB ARGUMENT… with this text, or installed as hummii-host.
# Every verb can be repeated; every verb that acts names its run. What goes wrong is an exit code, never English:
#   0 yes, done   70 no mutex   71 damaged upload   73 lease held by another   75 the host has moved   76 no such run   77 not in that state
# Sent along: lease.sh, a function payload (the run's folder, a base64 tar) and a function about (key=value lines).
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C PATH

ground() { # the home, made on first use: as open to a group as the project's own folder, and no more
    if [ -g "${home%/*}" ]; then umask 007; else umask 077; fi
    mkdir -p "$home/runs" || exit 78
}
folder() { dir=$home/runs/$1; [ -d "$dir" ] || exit 76; }
state_of() { cat "$home/runs/$1/state" 2>/dev/null; }
busy() { [ -e "$home/busy.lock" ] && ! flock -s -n "$home/busy.lock" true; }
ended() { case $1 in done | restored | prepared | refused | abandoned | mixed) return 0 ;; esac; return 1; }

claim() { # RUN; the about lines come from the function about
    ground
    about | lease_claim "$home" "$1"
}
give_back() { lease_give_back "$home" "$1"; } # RUN: claimed on several hosts, and one said no
receive() { # RUN: the rename is the commit; a second copy of the same run is dropped
    ground
    [ ! -d "$home/runs/$1" ] || return 0
    fresh=$home/runs/.$1.tmp
    rm -rf "$fresh" && mkdir "$fresh" || exit 71
    payload | base64 -d | tar -xzf - -C "$fresh" || exit 71
    (cd "$fresh" && sha256sum --quiet -c manifest) || exit 71
    : >"$fresh/output.log"
    : >"$fresh/journal.jsonl"
    mkdir -p "$fresh/evidence" "$fresh/gates" "$fresh/facts"
    printf 'ready\n' >"$fresh/state"
    find "$fresh" -type f -exec sync {} +
    mv -T "$fresh" "$home/runs/$1" || exit 71
    sync "$home/runs"
}
start() { # RUN: never starts twice; the runner itself takes busy.lock
    folder "$1"
    ended "$(state_of "$1")" && [ "$(state_of "$1")" != mixed ] && return 0
    lease_is_of "$home" "$1" || exit 73
    before=$(stat -c %s "$dir/journal.jsonl") wait=0
    setsid sh "$dir/lib/runner.sh" "$dir" </dev/null >>"$dir/output.log" 2>&1 &
    until busy || [ "$(stat -c %s "$dir/journal.jsonl")" != "$before" ] || [ $wait -ge 60 ]; do
        wait=$((wait + 1))
        sleep 0.05
    done
}
follow() { # RUN OFFSET: "J line" for each journal line after the first OFFSET, "B" as a beat, then "E state"
    folder "$1"
    seen=0 beat=0 idle=0 part=
    exec 3<"$dir/journal.jsonl"
    while :; do
        quiet=
        busy || { quiet=1; idle=$((idle + 1)); }
        [ -n "$quiet" ] || idle=0
        read -r state <"$dir/state" || state=unknown
        while read -r line <&3 || { part=$part$line; false; }; do
            line=$part$line part=
            seen=$((seen + 1))
            [ $seen -le "$2" ] || printf 'J %s\n' "$line"
        done
        # The state was read before the journal was drained: ended and quiet means that nothing can follow.
        [ -z "$quiet" ] || ! ended "$state" || break
        [ $idle -lt 12 ] || break # quiet and not ended: interrupted
        beat=$((beat + 1))
        [ $((beat % 30)) != 0 ] || echo B
        sleep 0.1
    done
    printf 'E %s\n' "$state"
}
begin() { # RUN OFFSET: all of it in one round trip; said again after a lost link, it only follows
    claim "$1" || exit
    receive "$1"
    start "$1"
    follow "$1" "$2"
}
again() { # RUN OFFSET: go on in the direction that is latched
    start "$1"
    follow "$1" "$2"
}
answer() { # RUN GATE WORD: exactly one answer, whoever links first
    folder "$1"
    printf '%s\n' "$3" >"$dir/gates/.$2.$$"
    sync "$dir/gates/.$2.$$"
    ln "$dir/gates/.$2.$$" "$dir/gates/$2" 2>/dev/null
    rm -f "$dir/gates/.$2.$$"
    head -n 1 "$dir/gates/$2"
}
cancel() { # RUN: takes effect between steps; one that never began is abandoned here
    folder "$1"
    case $(state_of "$1") in done | restored | prepared | refused | abandoned) exit 77 ;; esac
    : >"$dir/cancel" && sync "$dir"
    if [ "$(state_of "$1")" = ready ] && ! busy; then
        printf 'abandoned\n' >"$dir/.state.new" && mv "$dir/.state.new" "$dir/state"
        lease_give_back "$home" "$1"
    fi
}
back() { # RUN OFFSET: an unfinished run goes back
    cancel "$1"
    [ "$(state_of "$1")" = abandoned ] || start "$1"
    follow "$1" "$2"
}
unlock() { # RUN|- : free the lease; an unfinished run must be named, and becomes abandoned
    ground
    busy && exit 74
    held=$(lease_holder "$home")
    [ -n "$held" ] || exit 76
    case $(state_of "$held") in
        forward | back | mixed)
            [ "$1" = "$held" ] || exit 77
            printf 'abandoned\n' >"$home/runs/$held/.state.new" && mv "$home/runs/$held/.state.new" "$home/runs/$held/state"
            ;;
    esac
    { date -u +%FT%TZ; about; } | tr '\n' ' ' >>"$home/lease.log"
    echo >>"$home/lease.log"
    lease_give_back "$home" "$held"
    printf '%s\n' "$held"
}
collect() { # RUN: the run's folder without lib and without copies of the stack's files, as a tar
    folder "$1"
    cd "$home/runs" && tar -czf - --exclude="$1/lib" --exclude="$1/before" --exclude="$1/target" "$1" 2>/dev/null
}
read_run() { # RUN: its plan
    folder "$1"
    cat "$dir/plan.json"
}
read_left() { # RUN: the state that it noted at its end
    folder "$1"
    [ ! -e "$dir/facts/left" ] || cat "$dir/facts/left"
}
record() { # BACKUP COMPOSE IMAGE… with a payload of record.json, names and manifest: a restore point of what runs
    # The folder comes first and the compose file last: the restore point is there when its name is.
    backup=$1 compose=$2 project_dir=${home%/*}
    shift 2
    ground
    fresh=${backup%/*}/.${backup##*/}.$$
    mkdir -p "$fresh/files" || exit 78
    payload | base64 -d | tar -xzf - -C "$fresh" || exit 71
    while read -r name; do
        mkdir -p "$(dirname "$fresh/files/$name")" && cp -p "$project_dir/$name" "$fresh/files/$name" || exit 75
    done <"$fresh/names"
    cp "$project_dir/$compose" "$fresh/compose" && (cd "$fresh" && sha256sum --quiet -c manifest) || exit 75
    for image; do docker tag "$image" "hummii-ops/keep:$(printf %.12s "${image#sha256:}")" || exit 75; done
    find "$fresh" -type f -exec sync {} +
    mv -T "$fresh" "$backup.release" && cp "$backup.release/compose" "$backup.new" && sync "$backup.new" &&
        mv "$backup.new" "$backup" && sync "${backup%/*}"
}
write() { # NAME below the home: the about lines, written beside and renamed (marks, holds)
    ground
    case $1 in *..* | /*) exit 2 ;; esac
    mkdir -p "$home/${1%/*}" 2>/dev/null
    about >"$home/.new.$$" && sync "$home/.new.$$" && mv -f "$home/.new.$$" "$home/$1" && sync "$home"
}
forget() { # NAME below the home
    case $1 in *..* | /*) exit 2 ;; esac
    rm -f "$home/$1"
}
main() {
    home=$1 verb=$2
    shift 2
    "$verb" "$@"
}
