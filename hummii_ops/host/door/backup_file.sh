# shellcheck shell=sh disable=SC2154,SC2034  # the settings and $work come from restore.sh; backup.sh stands beside
# One backup in the folder of the database's backups: where it lies, what it is by its first bytes, what it holds.
# As facts/database/magic.py, facts/database/archive_header.py and facts/database/backups.sh have it. It changes nothing.
backup_named() { # TEXT: $backup, its path; only what really lies in that folder
    folder=$project_dir/$database_backups
    case $1 in
        */*) inside=$(cd "$(dirname "$1")" 2>/dev/null && pwd -P) ;;
        *) inside=$(readlink -f "$folder") ;;
    esac
    backup=$folder/${1##*/} backup_name=${1##*/}
    [ "${inside:-nowhere}" = "$(readlink -f "$folder")" ] || refuse_backup "it does not lie in $folder: bring it there first"
    [ "$backup" = "$(printf '%s' "$backup" | tr -d '\000-\037\177')" ] || refuse_backup 'its name holds a control character'
    printf %s "$backup_name" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1 || refuse_backup 'its name is not UTF-8: rename it first'
    [ -e "$backup" ] || refuse_backup "there is no such backup in $folder"
    case $(readlink -f "$backup") in "$inside"/*) ;; *) refuse_backup 'it is a link that leads out of the backups folder' ;; esac
    [ -f "$backup" ] || [ -d "$backup" ] || refuse_backup 'it is no regular file (a FIFO, a socket or a device)'
    [ -r "$backup" ] || refuse_backup 'this account cannot read it'
}
refuse_backup() { stop 3 "refused: $backup_name: $1; nothing was changed" "from a laptop: fab check-backup --backup=$(word_of "$backup_name")"; } # WHY

backup_read() { # $kind, $wrap, its size and its header; its facts in $work/contents
    wrap=none toc=$backup
    [ ! -d "$backup" ] || toc=$backup/toc.dat
    [ -f "$toc" ] || refuse_backup 'a folder without toc.dat: no backup, or one that was not finished'
    case $(head -c 4 "$toc" | od -An -tx1) in ' 1f 8b'*) wrap=gzip ;; ' 28 b5 2f fd') wrap=zstd ;; esac
    { unpacked $wrap "$toc" "$container" | head -c 1024; } >"$work/head" 2>/dev/null
    kind=$(kind_of "$work/head")
    [ -n "$kind" ] || refuse_backup 'it is nothing of pg_dump that can be restored'
    if [ -d "$backup" ]; then backup_bytes=$(du -sb "$backup" | cut -f 1); else backup_bytes=$(stat -L -c %s "$backup"); fi
    : >"$work/header"
    [ "$kind" = plain ] || header_of "$kind" "$work/head" >"$work/header" ||
        refuse_backup 'its header is damaged: cut, or sent through a terminal (docker exec -t)'
    backup_sum=$(sum_of_backup "$backup")
    wrap_is_whole "$kind" "$wrap" "$backup" "$container" 2>/dev/null || refuse_backup 'it is cut short or damaged: not whole'
    as_sql "$kind" "$wrap" "$backup" "$container" $((60 + backup_bytes / 2000000)) 2>"$work/words" | sql_facts >"$work/contents"
}
kind_of() { # HEAD: custom, directory, tar or plain; nothing for anything else
    bytes=$(od -An -v -tx1 "$1" | tr -d ' \n')
    case $bytes in
        5047444d50??????????01*) [ -d "$backup" ] || echo custom ;;
        5047444d50*) [ ! -d "$backup" ] || echo directory ;;
        746f632e64617400*) [ "$(printf '%s' "$bytes" | cut -c 515-524)" != 7573746172 ] || echo tar ;;
        2d2d* | 5c72*)
            grep -aqF -e '-- PostgreSQL database cluster dump' "$1" && return
            ! grep -aqF -e '-- PostgreSQL database dump' "$1" || [ -d "$backup" ] || echo plain ;;
    esac
}
header_of() { # KIND HEAD: "compressed" if something in it proves its data, "database NAME"; fails if it is damaged
    start=0
    [ "$1" != tar ] || start=512
    od -An -v -tu1 -j $start "$2" | awk '
        function number(    minus, value, scale, i) {
            minus = b[at++]; scale = 1
            for (i = 0; i < size; i++) { value += b[at++] * scale; scale *= 256 }
            return minus ? -value : value
        }
        function text(    length_, value) {
            length_ = number()
            if (at + length_ > n) exit 1
            while (length_-- > 0) value = value sprintf("%c", b[at++])
            return value
        }
        { for (i = 1; i <= NF; i++) b[n++] = $i }
        END {
            if (b[0] != 80 || b[1] != 71 || b[8] < 1 || b[8] > 8) exit 1
            at = 11; size = b[8]
            packed = b[6] >= 15 || b[5] > 1 ? b[at++] : number() # since 1.15 the algorithm, before the level of zlib
            for (i = 0; i < 7; i++) number()
            database = text(); text(); text()
            if (database == "" || number() <= 0 || at > n) exit 1
            if (packed) print "compressed"
            print "database " database
        }'
}
