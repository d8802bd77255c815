#!/bin/sh
# The read of the database's backups, in lines `@hummii <section> <exit code> <base64>`. It changes nothing: no file is
# written, here or in a container. Of a backup it sends the first KiB, or what `sql_facts` says of it; never its rows.
#
# Arguments: list PROJECT SERVICE DATABASE USER FOLDER     every backup, and the database that is served
#            look PROJECT SERVICE KIND WRAP PATH SECONDS   one of them, to its last byte
# backup.sh stands before it.
export LC_ALL=C
unset CDPATH
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin

frame() { printf '\n@hummii %s %s ' "$1" "$2" && base64 -w 0 && echo; }

clock() {
  zone=
  if [ -r /etc/timezone ]; then read -r zone < /etc/timezone; fi
  pointed=$(readlink /etc/localtime)
  case $pointed in */zoneinfo/*) zone=${pointed#*/zoneinfo/} ;; esac
  { date '+%s%3N %z' && printf '%s\n' "${TZ:-$zone}"; } | frame clock 0
}

# What lies in the folder: five frames each. Nothing is opened but regular files that really lie in it.
entries() {
  real=$(readlink -f "$1")
  find -H "$1" -mindepth 1 -maxdepth 1 ! -name '.*' ! -name '*.sha256' ! -name '*.manifest' -print0 2> /dev/null |
    LC_ALL=C sort -z | xargs -0 -r -n 1 -- printf '%s\n' | while IFS= read -r path; do entry "$path"; done
}
entry() {
  path=$1 head=$1 is='file' target=$(readlink -f "$1")
  if [ -d "$path" ]; then is=folder head=$path/toc.dat; elif [ ! -f "$path" ]; then is=special; fi
  case $target in "$real"/*) ;; *) is=outside ;; esac
  if [ ! -e "$target" ]; then is=nothing; elif [ $is = file ] && [ ! -r "$path" ]; then is=unreadable; fi
  size=$(if [ $is = folder ]; then du -sb "$path" | cut -f 1; else stat -L -c %s "$path"; fi 2> /dev/null)
  printf '%s\n' "$is" "${size:-0}" "$(stat -L -c %Y "$path" 2> /dev/null)" "$path" | frame entry 0
  case $is in
    file | folder)
      { [ ! -f "$head" ] || head -c 1024 "$head"; } 2> /dev/null | frame head 0
      { [ $is = folder ] || first_of "$path"; } 2> /dev/null | frame inner 0
      small "$path.sha256" | frame sidecar 0
      small "$path.manifest" | frame manifest 0
      ;;
    *) for section in head inner sidecar manifest; do frame $section 0 < /dev/null; done ;;
  esac
}
first_of() { # FILE: the first KiB of what is compressed in it
  case $(head -c 4 "$1" | od -An -tx1) in
    ' 1f 8b'*) unpacked gzip "$1" "$container" | head -c 1024 ;;
    ' 28 b5 2f fd') unpacked zstd "$1" "$container" | head -c 1024 ;;
  esac
}
small() { # FILE: its text, if it is one of ours: regular, and at most 256 KiB
  if [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %s "$1")" -le 262144 ]; then cat "$1"; fi
}

served() { # DATABASE USER: fields end with 0x1f, lines with 0
  [ -n "$container" ] || return
  printf '%s\n' \
    "SELECT 'version', current_setting('server_version_num');" \
    "SELECT 'size', pg_database_size(current_database());" \
    "SELECT 'role', rolname FROM pg_roles;" \
    "SELECT 'extension', name FROM pg_available_extensions;" \
    "SELECT 'migration', migration_name, finished_at IS NOT NULL, rolled_back_at IS NOT NULL, checksum
       FROM \"_prisma_migrations\" ORDER BY started_at;" |
    in_database "$container" "$1" "$2" timeout 20 psql -X -qAt0 -F "$(printf '\037')" 2>&1 | frame served 0
}

look() { # KIND WRAP PATH SECONDS
  sum_of_backup "$3" | frame sum 0 & # beside the reading; it has its say before anything else has
  if wrap_is_whole "$1" "$2" "$3" "$container" 2> /dev/null; then
    facts=$(facts_and_words "$@")
    wait
    frame wrap 0 < /dev/null
    printf '%s\n' "$facts" | frame content 0
  else
    wait
    frame content 0 < /dev/null # half of it is not read on
  fi
}
facts_and_words() { # KIND WRAP PATH SECONDS: facts go through fd 3, what the tools complain of through the variable
  { words=$({ facts_of "$1" "$2" "$3" "$container" "$4" >&3; } 2>&1) && printf '%s\n' "$words" | head -c 2000 | sed 's/^/said /'; } 3>&1
}

everything() {
  command -v base64 > /dev/null || { echo '@hummii base64 1 ' && exit 0; }
  cd / || exit 1
  verb=$1
  container=$(database_container "$2" "$3" 2> /dev/null)
  shift 3
  case $verb in
    list)
      clock
      printf '%s' "$container" | frame container 0
      served "$1" "$2"
      if [ -d "$3" ]; then
        frame folder 0 < /dev/null
        entries "$3"
      fi
      ;;
    look) if [ -n "$container" ]; then look "$@"; fi ;;
  esac
  frame end 0 < /dev/null
}

# The script itself comes on stdin: nothing that it starts may read the rest of it.
everything "$@" < /dev/null
