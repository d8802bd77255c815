#!/bin/sh
# The read of migrations, in lines `@hummii <section> <exit code> <base64>`: those of images, and those of the database.
# It changes nothing and starts nothing. It makes a container of each image to copy from, and takes it away again.
#
# Arguments: PROJECT SERVICE DATABASE USER MIGRATIONS_DIR IMAGE…
# backup.sh and migrations.sh stand before it.
export LC_ALL=C
unset CDPATH
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin

frame() { printf '\n@hummii %s %s ' "$1" "$2" && base64 -w 0 && echo; }

# All at once: the stage on the right passes on the frames of the left when its own are out.
side_by_side() { # "image folder"…
  [ $# != 0 ] || { left_behind && return; }
  { printf '%s\n' "${1%% *}" && shipped "${1%% *}" "${1#* }" | gzip -1; } | frame shipped 0 | {
    shift
    side_by_side "$@"
    cat
  }
}
images() { # MIGRATIONS_DIR IMAGE…
  found=$(folders "$@")
  set --
  while read -r line; do [ -z "$line" ] || set -- "$@" "$line"; done << EOF2
$found
EOF2
  side_by_side "$@"
}
everything() {
  command -v base64 > /dev/null || { echo '@hummii base64 1 ' && exit 0; }
  cd / || exit 1
  project=$1 service=$2 database=$3 user=$4
  shift 4
  {
    rows=$(recorded "$project" "$service" "$database" "$user")
    code=$?
    printf '%s' "$rows" | frame recorded "$code"
  } | {
    images "$@"
    cat
  }
  frame end 0 < /dev/null
}

# The script itself comes on stdin: nothing that it starts may read the rest of it.
everything "$@" < /dev/null
