#!/bin/sh
# hummii-ops put this here (fab install-host): the guard of deploys on this server. See --help.
# It only finds what is installed beside the project. A link to it, from a folder on PATH, works too.
set -u
self=$(readlink -f "$0") || self=$0
project_dir=$(cd "$(dirname "$self")/../.." && pwd) || exit 3
for one; do
    case $one in
        --) break ;;
        --project-dir=*) project_dir=$(cd "${one#--project-dir=}" && pwd) || exit 2 ;;
    esac
done
lib=$(readlink -f "$project_dir/.hummii-ops/lib/current")
[ -r "$lib/guard/guard.sh" ] || {
    echo "refused: $project_dir/.hummii-ops/lib has no hummii-ops that this account can read" >&2
    echo '  next: from a laptop: fab install-host' >&2
    exit 3
}
exec sh "$lib/guard/guard.sh" "$lib" "$project_dir" "$@"
