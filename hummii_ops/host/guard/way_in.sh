# shellcheck shell=sh disable=SC2034,SC2154  # the settings, $run, $who and the flags come from guard.sh
# May this deploy begin? Not while deploys are held, not with a release that is marked bad, not beside anybody else.
come_in() { # busy.lock (fd 9) and the lease are ours, or it ends here
    deadline=$(($(date +%s) + wait_s)) told=
    obey_hold
    refuse_marked
    until alone_here; do
        [ "$(date +%s)" -lt $deadline ] || { refusing=lease && stop 4 "refused: $in_the_way" "$then"; }
        [ "$told" = "$in_the_way" ] || echo "waits, at most $((deadline - $(date +%s))) s: $in_the_way" >&2
        told=$in_the_way
        sleep 1
    done
    trap 'lease_give_back "$home" "$run"; rm -rf "$work"' EXIT
    # a rollback that has just ended may have left both
    obey_hold
    refuse_marked
    trap 'rm -rf "$work"' EXIT
}
alone_here() { # 1: $in_the_way says who is at work, and $then what can be done
    then='wait for it to end, or --wait=SECONDS'
    mkdir -p "$home/runs" "$home/deploys" || { refusing=cannot && stop 3 "refused: no right to write in $home" 'df -h'; }
    exec 9>>"$home/busy.lock"
    if flock -w 1 9; then
        printf 'who=%s\ntask=deploy\nreason=%s\nsince=%s\nhosts=%s\n' "$who" "${reason:-$script_name}" "$(date +%s%3N)" "$host_name" |
            lease_claim "$home" "$run" held >"$work/lease"
        code=$?
    else
        code=73
        cat "$home/lease" >"$work/lease" 2>/dev/null
    fi
    [ $code != 78 ] || { refusing=cannot && stop 3 "refused: no room or no right to write in $home" 'df -h'; }
    if [ $code = 0 ]; then
        busy=$(deploys_now | head -n 1)
        [ -n "$busy" ] || return 0
        lease_give_back "$home" "$run"
        in_the_way="someone is at work on this stack, without the guard: $busy"
    fi
    exec 9>&- # else what we ask of the lock now would be about ourselves
    [ $code = 0 ] || owner
    return 1
}
owner() { # who has the lease, from its lines
    of() { sed -n "/^$1=/{s///p;q;}" "$work/lease"; }
    other=$(of run)
    in_the_way="$(of who) holds the lease for $(of task) ($other): $(of reason)"
    [ -n "$other" ] || in_the_way='a process of an earlier run is still at work'
    case $(cat "$home/runs/${other:--}/state" 2>/dev/null) in
        forward | back | mixed)
            nothing_works || return 0
            in_the_way="$other began and has not ended" then="from a laptop: fab resume --run=$other, or fab undo --run=$other" ;;
    esac
}
obey_hold() {
    [ -e "$home/hold" ] || return 0
    cp "$home/hold" "$work/hold" 2>/dev/null || return 0 # lifted at this moment
    of() { sed -n "/^$1=/{s///p;q;}" "$work/hold"; }
    until=$(of until) by="$(of who): $(of reason)" ends='until someone lifts it'
    case $until in *[!0-9]*) until= ;; esac
    if [ -n "$until" ]; then
        ends="until $(date -u -d "@$((until / 1000))" '+%Y-%m-%d %H:%M UTC')"
        [ "$until" -gt "$(date +%s%3N)" ] || {
            (alone "$home" && cmp -s "$work/hold" "$home/hold" && rm -f "$home/hold" && sync "$home" &&
                printf '%s hold expired: %s\n' "$(date -u +%FT%TZ)" "$by" >>"$home/lease.log") || { refusing=hold && stop 3 'refused: an expired hold cannot be lifted'; }
            echo "the hold of $by has expired ($ends): lifted" >&2
            return 0
        }
    fi
    refusing=hold
    stop 3 "refused: deploys are held by $by; $ends; the script did not run" 'when it may deploy again, from a laptop: fab unhold --reason=…'
}
releases_known() { # "identity version" of whatever ran here, as far as anything tells
    for file in "$home"/marks/*; do
        [ -f "$file" ] && said=$(sed -n '/^version=/{s///p;q;}' "$file") && [ -n "$said" ] && printf '%s %s\n' "${file##*/}" "$said"
    done
    for file in "$home"/runs/*/about "$home"/deploys/*/values; do
        [ ! -f "$file" ] || awk '
            { key = $0; sub(/=.*/, "", key); value[key] = substr($0, length(key) + 2) }
            function pair(identity, version) { if (value[identity] != "" && value[version] != "") print value[identity], value[version] }
            # who went back within one version left a configuration, not that version
            END { if (value["from"] != value["to"]) pair("from_identity", "from"); pair("to_identity", "to"); pair("identity_before", "release_before"); pair("identity_after", "release_after") }' "$file"
    done
}
mark_of_version() { # VERSION: the newest mark of any release of that name, as "good|bad identity"
    releases_known | LC_ALL=C sort -u | while read -r identity said; do
        if [ "$said" != "$1" ] || [ ! -f "$home/marks/$identity" ]; then continue; fi
        since=$(sed -n '/^since=/{s///p;q;}' "$home/marks/$identity")
        case $since in *[!0-9]*) since= ;; esac
        printf '%s %s %s\n' "${since:-0}" "$(sed -n '/^mark=/{s///p;q;}' "$home/marks/$identity")" "$identity"
    done | sort -n | tail -n 1 | cut -d ' ' -f 2,3
}
why_marked() { # IDENTITY
    printf '%s: %s' "$(sed -n '/^who=/{s///p;q;}' "$home/marks/$1")" "$(sed -n '/^reason=/{s///p;q;}' "$home/marks/$1")"
}
refuse_marked() {
    [ -n "$version" ] && grep -lqsx mark=bad "$home"/marks/* || return 0
    marked=$(mark_of_version "$version")
    [ "${marked% *}" = bad ] || return 0
    words="$version is marked bad ($(why_marked "${marked#* }"))"
    [ -z "$despite_mark" ] || { echo "! $words; it is deployed all the same (--despite-mark)" >&2 && return 0; }
    refusing='marked-bad'
    stop 3 "refused: $words; the script did not run" 'deploy another version; or this one, if it is known to be well: --despite-mark'
}
