# shellcheck shell=sh disable=SC2154
# Puts the server's door in its place, atomically. Sent after entry.sh, whose put, ground and spoiled it uses, with a
# function payload (the library's folder, a base64 tar).   install_door HOME SHA replace|keep
# 79: there is a scripts/rollback.sh that is not ours, and nothing was changed
install_door() {
    home=$1 sha=$2 project_dir=${1%/*}
    [ -d "$project_dir" ] && [ -w "$project_dir" ] || exit 78
    if [ -g "$project_dir" ]; then umask 007; else umask 077; fi
    script=$project_dir/scripts/rollback.sh
    if { [ -e "$script" ] || [ -L "$script" ]; } && ! is_ours "$script"; then
        [ "$3" = replace ] || exit 79
        [ ! -e "$script.before-hummii-ops" ] || exit 80
    fi
    ground
    mkdir -p "$home/lib" && [ -w "$home/lib" ] || exit 78
    [ -d "$home/lib/$sha" ] || unpack
    current
    mkdir -p "$project_dir/scripts" || exit 78
    [ ! -e "$script" ] || is_ours "$script" || ln "$script" "$script.before-hummii-ops" || exit 78
    beside=$project_dir/scripts/.rollback.sh.$$
    { cp "$home/lib/$sha/door/rollback.sh" "$beside" && chmod "$([ -g "$project_dir" ] && echo 2750 || echo 750)" "$beside" && chmod g-s "$beside" &&
        sync "$beside" && mv -fT "$beside" "$script" && sync "$project_dir/scripts"; } || { rm -f "$beside"; exit 78; }
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
