# shellcheck shell=sh disable=SC2034,SC2154  # the files that are sourced share these names
# The server's own door to a rollback of the database: the same two runs as `fab rollback-db`, without a laptop.
# Usage: sh restore.sh LIB PROJECT_DIR BACKUP [--force] [--despite-schema] [--reason=…]
# It changes nothing itself: it makes the folders of two runs, and the host goes from the one to the other by itself.
set -u
lib=$1 given_dir=$2
shift 2
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export LC_ALL=C PATH
unset CDPATH IFS
for part in times choose look releases render plan words schema breaking checks backup_file backup_judged restore_plan; do . "$lib/door/$part.sh"; done
. "$lib/door/hashes.sh"
. "$lib/run/verbs/backup.sh"
. "$lib/door/migrations.sh"
. "$lib/run/verbs/expect.sh"

usage() {
    cat <<'EOF2'
Bring this server's database back to a backup, by hand and without a laptop. The code stays as it is.
  scripts/backup/restore-database.sh BACKUP            read and judge it, show what would be done; nothing changes
  scripts/backup/restore-database.sh BACKUP --force    do it: restored and proven beside, then exchanged in seconds
  with --reason=WHY: kept in the run    --despite-schema: go on although the running code does not suit the backup
exit codes: 0 done and proven   2 wrong usage, or --force is missing   3 refused, nothing changed   4 someone is at work
            5 failed, restored   6 failed, a person is needed   7 done, but a note failed   8 left: the run goes on
            130 interrupted before anything changed
EOF2
}
stop() { # CODE WORDS [NEXT]
    echo "$2" | tr -cd '[:print:]\n' >&2
    [ -z "${3:-}" ] || printf '  next: %s\n' "$3" | tr -cd '[:print:]\n' >&2
    exit "$1"
}

request='' force='' reason='' despite=''
for one; do
    case $one in
        --force) force=yes ;;
        --despite-schema) despite=yes ;;
        --reason=*) reason=${one#--reason=} ;;
        --help) usage && exit ;;
        -*) stop 2 "$(printf '%.60s' "$one" | tr -c '[:print:]' '?') is no flag of this script" "scripts/backup/restore-database.sh --help" ;;
        *) [ -z "$request" ] || stop 2 'two backups are named; say one of them'; request=$one ;;
    esac
done
check_reason "$reason"
[ -n "$request" ] || { usage >&2 && exit 2; }
# a path is the operator's, from where he stands; a name alone is one of the folder of backups
while :; do case $request in ?*/) request=${request%/} ;; *) break ;; esac; done
case $request in /*) ;; */*) request=$PWD/$request ;; esac
word_of() { printf %s "$1" | sed "s/'/'\\\\''/g; s/^/'/; s/\$/'/"; } # TEXT: as one word of a command to copy

home=$given_dir/.hummii-ops
work=$(mktemp -d) || stop 3 'refused: no room for a temporary folder'
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
settings "$lib/settings"
[ -n "$database_name" ] || stop 3 "refused: inventory.yml names no database for $environment" 'name it under database:, then: fab install-host'
export compose_file
if [ -g "$project_dir" ]; then umask 007; else umask 077; fi

can_work
docker_answers
limit_docker 20
look || stop 3 'refused: docker does not answer' 'docker ps; systemctl status docker'
disk_sha=$(sha_of_file "$compose_path") || stop 3 "refused: $compose_path cannot be read"
one_file
nobody_at_work
served_now
all_answered
unset -f docker # a backup takes as long as it takes
backup_named "$request"
backup_read
staying
judge_backup
who=$(id -un)@$(uname -n)
[ -z "${SUDO_USER:-}" ] || who=$SUDO_USER@$(uname -n)
stamp=$(date -u +%Y%m%dT%H%M%SZ)
first=$stamp-prepare-db-$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
second=$stamp-rollback-db-$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
{ prepare_folder && exchange_folder; } || stop 3 'refused: the plan cannot be written; nothing changed' 'df -h; docker ps'
show_restore
[ -n "$force" ] || stop 2 'nothing was changed: it needs --force' "scripts/backup/restore-database.sh $(word_of "$request") --force"

# From here on it is the same as from a laptop with --yes: the host goes from the one run to the other by itself.
cut -d ' ' -f 1 "$work/first/forward.list" "$work/first/tidy.list" "$work/second/forward.list" "$work/second/back.list" >"$work/ids"
. "$lib/door/follow.sh"
follow_both
