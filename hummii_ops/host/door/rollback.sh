#!/bin/sh
# hummii-ops put this here (fab install-host): a rollback by hand on this server, without a laptop. See --help.
# It only finds what is installed beside the project; the release is chosen, changed and proven as `fab rollback` does.
set -u
self=$(readlink -f "$0") || self=$0
project_dir=$(cd "$(dirname "$self")/.." && pwd) || exit 3
lib=$(readlink -f "$project_dir/.hummii-ops/lib/current")
[ -r "$lib/door/door.sh" ] || {
    echo "refused: $project_dir/.hummii-ops/lib has no hummii-ops that this account can read" >&2
    echo '  next: from a laptop: fab install-host' >&2
    exit 3
}
exec sh "$lib/door/door.sh" "$lib" "$project_dir" "$@"
