#!/bin/sh
# The forced command of a restricted key (authorized_keys: command="…/restricted/gate.sh",restrict). It runs nothing that
# is sent: a script is only compared with what `fab install-host --restricted` left here, and the copy here is run, with
# words that fit. What does not fit is refused with 87, and its reason is said.
set -u -f
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C PATH
unset CDPATH ENV BASH_ENV
IFS=' '
umask 077
room=$(cd "$(dirname "$(readlink -f "$0")")" && pwd) || exit 87
HUMMII_LIB=${room%/*}
home=${HUMMII_LIB%/lib/*}
newline='
'
# As Python's shlex quotes a word; nothing in it means anything to a shell.
word="([A-Za-z0-9_@%+=:,./-]+|'[^']*'(\"'\"'[^']*')*)"

refuse() { # WHY: said where the laptop looks for it, which is after this mark
    printf '%s\n' '--- hummii-ops begins here ---' "restricted: $1"
    printf '%s\n' "restricted: $1" >&2
    exit 87
}
split() { # <the script: without what is sent along into $in/script; that goes into $in/about and $in/payload
    head -c 67108864 | awk -v into="$in/" '
        file != "" && $0 == "HUMMII_END" { close(into file); file = "" }
        file != "" { print > (into file); next }
        { print > (into "script") }
        /^(about|payload)\(\) \{ cat <<.HUMMII_END.$/ { file = substr($0, 1, index($0, "(") - 1) }
    '
}
fits() ( # NAME WORD…: the words that this script is called with, as they were when it was installed; then of one pattern
    name=$1
    shift
    while IFS= read -r wanted; do
        [ $# -gt 0 ] && [ "$1" = "$wanted" ] || exit 1
        shift
    done <"$room/scripts/$name.words"
    for one; do printf '%s\n' "$one" | grep -Exq -f "$room/scripts/$name.more" || exit 1; done
)
foreign() ( # WORD…: is a container that is named here, ID or ID:…, of another project? One that is gone is nobody's
    for one; do
        shift
        one=${one%%:*}
        case $one in *[!0-9a-f]*) continue ;; esac
        [ ${#one} != 64 ] || set -- "$@" "$one"
    done
    [ $# != 0 ] || exit 1
    found=$(timeout 10 docker inspect --type container --format '={{index .Config.Labels "com.docker.compose.project"}}' "$@" 2>/dev/null)
    [ $? != 124 ] || exit 0 # not known
    [ -n "$found" ] && printf '%s\n' "$found" | grep -Fxvq -e "=$(sed -n 's/^project=//p' "$HUMMII_LIB/settings")"
)

asked=${SSH_ORIGINAL_COMMAND-}
unset SSH_ORIGINAL_COMMAND
case $asked in
    *"$newline"*) refuse 'a call has one line' ;;
    'exec sh -s -- '*) asked=${asked#exec sh -s -- } ;;
    *) refuse 'this key runs what hummii-ops asks for, and no other command' ;;
esac
printf '%s\n' "$asked" | grep -Exq "$word( $word)*" || refuse 'these words are not quoted as ours are'
eval "set -- $asked" # words and quoted words only: the line above has seen to it
for one; do case "/${one#use:}/" in */../*) refuse 'no path goes up' ;; esac; done
in=$(mktemp -d "$home/.in.XXXXXXXX") || refuse 'no room to work in'
trap 'rm -rf "$in"' EXIT
: >"$in/about"
: >"$in/payload"
: >"$in/script"
split
sum=$(sha256sum <"$in/script")
names=$(sed -n "s/^${sum%% *} //p" "$room/known" | tr '\n' ' ')
[ -n "$names" ] || refuse 'this is not a script that was installed here (another version? fab install-host --restricted, with a key that may)'
for name in $names; do
    fits "$name" "$@" || continue
    [ "$name" != entry ] || grep -Fxq -e "${2-}" "$room/verbs" || refuse "the verb ${2-} is not for this key"
    case $name in
        logs | last_words | resources | access_log) ! foreign "$@" || refuse 'a container that is not of this project' ;;
    esac
    export HUMMII_LIB HUMMII_IN="$in"
    sh "$room/scripts/$name" "$@" </dev/null
    exit
done
refuse 'words that do not fit (inventory.yml has changed? fab install-host --restricted, with a key that may)'
