# shellcheck shell=sh
# The time in a restore point's name, as facts/timestamps.py reads it. Never asks a file's mtime.
moment() ( # TEXT: its time in milliseconds since 1970; fails for a text that holds none
    text=$1 d='[0-9]' dd='[0-9][0-9]'
    case $text in *[!0-9TZ_:.+-]* | ?????????????????????????????????????????*) exit 1 ;; esac
    # shellcheck disable=SC2254  # patterns on purpose
    case $text in [1-9]$d$dd$dd$dd$dd) echo "${text}000" && exit ;; esac
    parts=$(printf '%s\n' "$text" | sed -nE \
        -e 's/^([0-9]{4})([0-9]{2})([0-9]{2})[T_-]?([0-9]{2})([0-9]{2})([0-9]{2})(Z|[+-][0-9]{2}([:-]?[0-9]{2})?)?$/\1-\2-\3 \4:\5:\6 \7/p;t' \
        -e 's/^([0-9]{4})-([0-9]{2})-([0-9]{2})[T_-]([0-9]{2})[:-]([0-9]{2})[:-]([0-9]{2})(\.[0-9]{1,9})?(Z|[+-][0-9]{2}([:-]?[0-9]{2})?)?$/\1-\2-\3 \4:\5:\6 \8/p')
    case $parts in '' | 0000*) exit 1 ;; esac
    zone=${parts##* } wall=${parts% *}
    if [ -n "$zone" ]; then zoned "$wall" "$zone"; else local_time "$wall"; fi
)
zoned() ( # "YYYY-MM-DD HH:MM:SS" Z|±HH[MM]: that wall clock in its own zone
    at=$(date -u -d "$1 UTC" +%s 2>/dev/null) && [ "$(date -u -d "@$at" '+%F %T')" = "$1" ] || exit 1
    [ "$2" != Z ] || { echo "${at}000" && exit; }
    sign=${2%"${2#?}"} digits=$(printf '%s' "${2#?}" | tr -d ':-')00
    hours=${digits%"${digits#??}"} rest=${digits#??}
    minutes=${rest%"${rest#??}"}
    offset=$((${hours#0} * 60 + ${minutes#0}))
    [ $offset -lt 1440 ] || exit 1 # no zone is a day away
    echo "$((at - (${sign}1) * offset * 60))000"
)
local_time() ( # "YYYY-MM-DD HH:MM:SS" by the clock of this host; of two such moments the earlier
    at=$(date -d "$1" +%s 2>/dev/null) && [ "$(date -d "@$at" '+%F %T')" = "$1" ] || exit 1
    for back in 10800 7200 3600 1800; do
        [ "$(date -d "@$((at - back))" '+%F %T')" != "$1" ] || { at=$((at - back)) && break; }
    done
    echo "${at}000"
)
