# shellcheck shell=sh disable=SC2034,SC2154  # the files that are sourced share these names
# The server's own door to a rollback: the same choice, the same runner and the same exit codes, without a laptop.
# Usage: sh door.sh LIB PROJECT_DIR [--latest | VERSION] [--list] [--dry-run] [--yes] [--reason=…]
# It changes nothing itself: it makes a run's folder, and the entry claims, receives, starts and follows it.
set -u
lib=$1 given_dir=$2
shift 2
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export LC_ALL=C PATH
unset CDPATH IFS
for part in times choose look releases render plan words schema breaking checks; do . "$lib/door/$part.sh"; done
. "$lib/door/hashes.sh"
. "$lib/run/verbs/backup.sh"
. "$lib/door/migrations.sh"
. "$lib/run/verbs/expect.sh"

usage() {
    cat <<'EOF2'
Roll this server back to a release, by hand and without a laptop.
  scripts/rollback.sh --list                   the restore points, and which can be restored
  scripts/rollback.sh --latest                 to the newest release that was good before what runs now
  scripts/rollback.sh VERSION                  to this version or timestamp (1.1 never means 1.10)
  with --dry-run: show the plan, change nothing    --yes: do not ask    --reason=WHY: kept in the run
       --despite-schema: go on although the release's code cannot serve the database as it is
exit codes: 0 done and proven   2 wrong usage   3 refused, nothing changed   4 someone is at work   5 failed, restored
            6 failed, a person is needed   7 done, but a note failed   8 left: the run goes on   9 declined
            130 interrupted before anything changed
EOF2
}
stop() { # CODE WORDS [NEXT]
    echo "$2" | tr -cd '[:print:]\n' >&2
    [ -z "${3:-}" ] || echo "  next: $3" >&2
    exit "$1"
}

request='' list='' dry_run='' yes='' reason='' despite=''
for one; do
    case $one in
        --list) list=yes ;;
        --dry-run) dry_run=yes ;;
        --yes) yes=yes ;;
        --despite-schema) despite=yes ;;
        --reason=*) reason=${one#--reason=} ;;
        --help) usage && exit ;;
        --latest) [ -z "$request" ] || stop 2 "two targets are named; say one of them"; request=--latest ;;
        -*) stop 2 "$(printf '%.60s' "$one" | tr -c '[:print:]' '?') is no flag of this script" "scripts/rollback.sh --help" ;;
        *)
            [ -z "$request" ] || stop 2 "two targets are named; say one of them"
            could_name "$one" || stop 2 'letters, digits and . _ : + - (at most 128, a letter or digit first)' "scripts/rollback.sh --list"
            request=$one ;;
    esac
done
check_reason "$reason"
[ -n "$request" ] || [ -n "$list" ] || { [ -z "$dry_run" ] || stop 2 'a dry run needs a target' 'scripts/rollback.sh --dry-run --latest'; }

home=$given_dir/.hummii-ops
work=$(mktemp -d) || stop 3 'refused: no room for a temporary folder'
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
settings "$lib/settings"
made=$work/made
export made compose_file
if [ -g "$project_dir" ]; then umask 007; else umask 077; fi

can_work
docker_answers
limit_docker 20
look || stop 3 'refused: docker does not answer' 'docker ps; systemctl status docker'
disk_sha=$(sha_of_file "$compose_path") || stop 3 "refused: $compose_path cannot be read"
facts_now
all_answered
if [ -n "$list" ] || [ -z "$request" ]; then
    show_list
    [ -z "$list" ] || exit 0
    echo '  next: scripts/rollback.sh --latest, or scripts/rollback.sh VERSION' >&2
    exit 2
fi
one_file
nobody_at_work
choose "$request" <"$work/facts" >"$work/choice" || exit $?
chosen=$(sed -n 's/^chosen //p' "$work/choice")
release=$work/release/$chosen
label=$(cat "$release/version")
label=${label:-$chosen}
target_now
something_changes || stop 3 "refused: release $label is equal to what runs: there is nothing to change" 'scripts/rollback.sh --list'
schema_now
all_answered
who=$(id -un)@$(uname -n)
[ -z "${SUDO_USER:-}" ] || who=$SUDO_USER@$(uname -n)
run=$(date -u +%Y%m%dT%H%M%SZ)-rollback-$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
run_folder "$run" "$who" "$reason" || stop 3 'refused: the plan cannot be written; nothing changed' 'df -h; docker ps'
show_plan
[ "$code_only" != unsafe ] || [ -n "$despite" ] || stop 3 \
    "refused: the code of $label cannot serve the database as it is now; nothing was changed ($(schema_reasons))" \
    "the database goes back as well, from a laptop: fab rollback --to=$label --with-db=latest; or the code alone, if you know that it works: the same with --despite-schema"
[ -z "$dry_run" ] || { echo 'this plan can run; nothing was changed' && exit 0; }
confirm

# From here on it is the same as from a laptop: the entry's own words and exit codes.
cut -d ' ' -f 1 "$made/forward.list" "$made/back.list" >"$work/ids"
. "$lib/door/follow.sh"
follow_to_its_end
