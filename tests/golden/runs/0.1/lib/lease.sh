# shellcheck shell=sh
# The claim on a stack: functions, sourced by the entry and by the runner. HOME is <project_dir>/.hummii-ops.
# Every change happens under the mutex; the file is written beside and renamed. The run id is the fence.
lease_holder() { [ ! -e "$1/lease" ] || sed -n '/^run=/{s///p;q;}' "$1/lease"; } # HOME
lease_is_of() { [ "$(lease_holder "$1")" = "$2" ]; }                            # HOME RUN
lease_is_sure() ( # HOME RUN: as lease_is_of, when nobody is changing it; asked by a runner that holds busy.lock
    exec 8>>"$1/mutex"
    flock -w 10 8 && lease_is_of "$1" "$2"
)
lease_is_free() ( # HOME RUN: that run has ended, or was claimed two minutes ago and never began
    case $(cat "$1/runs/$2/state" 2>/dev/null) in
        done | restored | prepared | refused | abandoned) exit 0 ;;
        '' | ready) ;;
        *) exit 1 ;;
    esac
    [ $(($(date +%s) - $(stat -c %Y "$1/lease"))) -ge 120 ] || exit 1
    [ ! -e "$1/busy.lock" ] || flock -s -n 7 7<"$1/busy.lock"
)
lease_claim() ( # HOME RUN <about: 0 ours; 73 another's (its lines are printed); 70 no mutex; 78 cannot write
    about=$(cat)
    exec 8>>"$1/mutex"
    flock -w 10 8 || exit 70
    held=$(lease_holder "$1")
    [ "$held" != "$2" ] || exit 0
    if [ -n "$held" ]; then
        lease_is_free "$1" "$held" || { cat "$1/lease"; exit 73; }
        printf '%s taken over from %s by %s\n' "$(date -u +%FT%TZ)" "$held" "$2" >>"$1/lease.log"
    fi
    # on a full disk half a lease is worse than none
    { printf 'run=%s\n%s\n' "$2" "$about" >"$1/.lease.$2" && sync "$1/.lease.$2"; } || { rm -f "$1/.lease.$2"; exit 78; }
    mv -f "$1/.lease.$2" "$1/lease"
    sync "$1"
)
lease_give_back() ( # HOME RUN: only our own
    exec 8>>"$1/mutex"
    flock -w 10 8 || exit 70
    lease_is_of "$1" "$2" || exit 0
    rm -f "$1/lease"
    sync "$1"
)
