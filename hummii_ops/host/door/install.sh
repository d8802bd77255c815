# shellcheck shell=sh disable=SC2154
# Puts the server's door in its place, atomically. Sent after entry.sh, whose put, ground and spoiled it uses, with a
# function payload (the library's folder, a base64 tar).   install_door HOME SHA replace|keep
# 79: one of the two scripts is there and not ours, and nothing was changed; it is printed
install_door() {
    home=$1 sha=$2 project_dir=${1%/*}
    [ -d "$project_dir" ] && [ -w "$project_dir" ] || exit 78
    if [ -g "$project_dir" ]; then umask 007; else umask 077; fi
    for script in scripts/rollback.sh scripts/backup/restore-database.sh; do can_place "$project_dir/$script" "$3"; done
    ground
    mkdir -p "$home/lib" && [ -w "$home/lib" ] || exit 78
    [ -d "$home/lib/$sha" ] || unpack
    current
    for script in scripts/rollback.sh scripts/backup/restore-database.sh; do place "$project_dir/$script"; done
    place "$home/bin/hummii-host" guard/hummii-host.sh
}
can_place() { # SCRIPT replace|keep: one that is not ours stays, unless it is said, and then it is kept beside
    { [ -e "$1" ] || [ -L "$1" ]; } && ! is_ours "$1" || return 0
    [ "$2" = replace ] || { echo "$1"; exit 79; }
    [ ! -e "$1.before-hummii-ops" ] || { echo "$1"; exit 80; }
}
place() { # SCRIPT [NAME in the library]
    mkdir -p "${1%/*}" || exit 78
    [ ! -e "$1" ] || is_ours "$1" || ln "$1" "$1.before-hummii-ops" || exit 78
    beside=${1%/*}/.${1##*/}.$$
    { cp "$home/lib/$sha/${2:-door/${1##*/}}" "$beside" && chmod "$([ -g "$project_dir" ] && echo 2750 || echo 750)" "$beside" && chmod g-s "$beside" &&
        sync "$beside" && mv -fT "$beside" "$1" && sync "${1%/*}"; } || { rm -f "$beside"; exit 78; }
}
is_ours() { [ -f "$1" ] && sed -n 2p "$1" | grep -q '^# hummii-ops put this here'; }
unpack() {
    fresh=$home/lib/.$sha.$$.tmp
    trap 'rm -rf "$fresh"' EXIT
    mkdir "$fresh" || exit 78
    payload | base64 -d | tar -xzf - -C "$fresh" || spoiled
    (cd "$fresh" && sha256sum --quiet --strict -c manifest) || spoiled
    find "$fresh" -exec sync {} + || spoiled
    mv -T "$fresh" "$home/lib/$sha" 2>/dev/null || [ -d "$home/lib/$sha" ] || exit 78
    sync "$home/lib"
}
current() { # the name that the script follows; a run has its own copy, so an older library may stay or go
    ln -sfn "$sha" "$home/lib/.current.$$" && mv -fT "$home/lib/.current.$$" "$home/lib/current" && sync "$home/lib" || exit 78
}
