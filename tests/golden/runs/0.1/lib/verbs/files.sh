# shellcheck shell=sh disable=SC2154  # run and home come from step.sh
# Files of the stack. PATH is absolute; SOURCE is relative to the run's folder, or absolute.
sha_of() { sha256sum "$1" | cut -d ' ' -f 1; }
place() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$run" "$1" ;; esac; }

file_is() ( # PATH SHA256: a whole regular file with these bytes
    [ -f "$1" ] && [ "$(sha_of "$1")" = "$2" ]
)
put_file() ( # SOURCE PATH MODE: written beside, synced, renamed: the live path is always a complete version
    # MODE is for a file that is not there; one that is keeps its own, or the group's next deploy could not write it
    source=$(place "$1") path=$2 beside=$(dirname "$2")/.$(basename "$2").${run##*/}
    mkdir -p "$(dirname "$path")"
    cp "$source" "$beside"
    # who owns what stands there now goes on owning it, as far as we may: a second account, or sudo, changes bytes only
    [ ! -e "$path" ] || chown --reference="$path" "$beside" 2>/dev/null || chgrp --reference="$path" "$beside" 2>/dev/null || true
    if [ -e "$path" ]; then chmod --reference="$path" "$beside"; else chmod "$3" "$beside"; fi
    sync "$beside"
    mv -f "$beside" "$path"
    sync "$(dirname "$path")"
)
file_gone() ( [ ! -e "$1" ] ) # PATH
remove_file() ( rm -f "$1" && sync "$(dirname "$1")" ) # PATH: only after save_file
file_as() ( cmp -s "$1" "$run/$2" ) # PATH NAME: the same bytes as the copy in the run's folder
file_kept() ( [ -f "$run/$1" ] && [ "$(sha_of "$run/$1")" = "$2" ] ) # NAME SHA256
keep_file() ( # PATH NAME: a copy in the run's folder, with its mode; the original stays
    mkdir -p "$(dirname "$run/$2")"
    cp -p "$1" "$run/$2.new"
    sync "$run/$2.new"
    mv -f "$run/$2.new" "$run/$2"
    sync "$(dirname "$run/$2")"
)
env_merged() ( # NAME SOURCE TODAY KEY…: is NAME made, with nothing but the kept keys from today
    [ -f "$run/$1" ] && merged "$@" | cmp -s - "$run/$1"
)
merge_env() ( # NAME SOURCE TODAY KEY…
    umask 077
    merged "$@" >"$run/$1.new"
    chmod --reference="$run/$2" "$run/$1.new" # as secret as the file that it is made from, and no more
    sync "$run/$1.new"
    mv -f "$run/$1.new" "$run/$1"
)
merged() ( # NAME SOURCE TODAY KEY…: SOURCE, with the kept keys as they stand in TODAY, each in its place
    source=$run/$2 today=$run/$3
    shift 3
    awk -v keys="$*" '
        BEGIN { count = split(keys, names, " "); for (i = 1; i <= count; i++) kept[names[i]] = 1 }
        { name = $0; sub(/^export +/, "", name); sub(/=.*/, "", name) }
        FILENAME == ARGV[1] { if (name in kept) now[name] = $0; next }
        name in kept && name in now { print now[name]; said[name] = 1; next }
        { print }
        END { for (i = 1; i <= count; i++) if (names[i] in now && !(names[i] in said)) print now[names[i]] }
    ' "$today" "$source"
)
room_is_left() ( # DIR BYTES
    [ "$(df -P -k "$1" | awk 'NR == 2 { print $4 }')" -ge $(($2 / 1024)) ]
)
cannot() ( echo "nothing can be done here about: $*" >&2; exit 1 ) # WHAT: the act of a step that only looks
