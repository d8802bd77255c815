#!/bin/sh
# hummii-ops put this here (fab install-host): the database back to a backup, by hand on this server. See --help.
# It only finds what is installed beside the project; the backup is read, judged and served as `fab rollback-db` does.
set -u
self=$(readlink -f "$0") || self=$0
project_dir=$(cd "$(dirname "$self")/../.." && pwd) || exit 3
lib=$(readlink -f "$project_dir/.hummii-ops/lib/current")
[ -r "$lib/door/restore.sh" ] || {
    echo "refused: $project_dir/.hummii-ops/lib has no hummii-ops that this account can read" >&2
    echo '  next: from a laptop: fab install-host' >&2
    exit 3
}
exec sh "$lib/door/restore.sh" "$lib" "$project_dir" "$@"
