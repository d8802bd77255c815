#!/bin/sh
# What Compose makes of one chosen release: the second, small read. It changes nothing, and writes no file.
# What Compose resolves holds secrets: it never leaves the host.
#
# Arguments: PROJECT_DIR PROJECT BACKUP RECORD_DIR then any of
#            use:FILE (absolute: an env file for Compose; none: its default, .env of PROJECT_DIR)
#            env:FILE (relative to PROJECT_DIR: its recorded form is compared with today's, by name)
# shellcheck disable=SC2016  # dollars in single quotes are awk's
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
dir=$1 project=$2 backup=$3 record=$4
shift 4

image_format='{"Id":{{json .ID}},"RepoTags":{{json .RepoTags}},"RepoDigests":{{json .RepoDigests}},
"Created":{{json .Created}},"Size":{{json .Size}},
"Version":{{with .Config}}{{with .Labels}}{{json (index . "org.opencontainers.image.version")}}{{else}}null{{end}}
{{else}}null{{end}}}'

frame() { printf '\n@hummii %s %s ' "$1" "$2" && base64 -w 0 && echo; }

# What Compose makes of the backup: its own words and exit code, then "service image" lines, which of them `up` alone
# does not start, hashes and images.
compose() (
  for one; do
    case $one in use:*) set -- "$@" --env-file "${one#use:}" ;; esac
    shift
  done
  if ! words=$(resolved "$project" "$dir" -f "$backup" "$@" 2> /dev/null); then
    why=$(resolved "$project" "$dir" -f "$backup" "$@" 2>&1 > /dev/null)
    printf '%s' "$why" | frame config 1
    exit
  fi
  frame config 0 < /dev/null
  # Compose prints what it resolved in one fixed form: services at two blanks, their keys at four.
  services=$(printf '%s\n' "$words" | awk '
    /^[a-z]/ { here = $0 == "services:" }
    here && /^  [^ ]/ { service = $1; sub(/:$/, "", service); gsub(/"/, "", service); print service, "-" }
    here && /^    image: / { print service, $2 }')
  printf '%s' "$services" | frame services 0
  printf '%s\n' "$words" | awk '
    /^[a-z]/ { here = $0 == "services:" }
    here && /^  [^ ]/ { service = $1; sub(/:$/, "", service); gsub(/"/, "", service) }
    here && (/^    profiles:/ || /^    scale: 0$/ || /^      replicas: 0$/) { print service }' | sort -u | frame optional 0
  printf '%s\n' "$words" | replicas | frame replicas 0
  refs=$(printf '%s\n' "$services" | awk '$2 != "-" { print $2 }' | sort -u)
  # Both at once: the stage on the right passes the frame of the left on when its own is out.
  both_hashes "$project" "$dir" "$words" 2>&1 | frame hashes 0 | {
    set -f
    # shellcheck disable=SC2086  # an image's name holds no space
    [ -z "$refs" ] || timeout 10 docker image inspect --format "$image_format" $refs 2> /dev/null | frame images 0
    cat
  }
)

# Names of the variables that differ between the recorded env files and today's: changed, added (since), removed.
differ() {
  for one; do
    name=${one#env:}
    case $one in env:*) ;; *) continue ;; esac
    if ! [ -r "$record/files/$name" ] || ! [ -r "$dir/$name" ]; then continue; fi
    awk '
      FNR == 1 { quote = "" }
      quote != "" { values[side, name] = values[side, name] "\n" $0; if (index($0, quote)) quote = ""; next }
      match($0, /^[ \t]*(export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*[ \t]*=/) {
        value = substr($0, RLENGTH + 1)
        name = substr($0, 1, RLENGTH - 1)
        sub(/^[ \t]*(export[ \t]+)?/, "", name)
        sub(/[ \t]+$/, "", name)
        sub(/^[ \t]+/, "", value)
        first = substr(value, 1, 1)
        if ((first == "\"" || first == "\047") && !index(substr(value, 2), first)) quote = first
        values[side, name] = value
        names[name] = 1
      }
      END {
        for (name in names)
          if (!(("now" SUBSEP name) in values)) print "removed", name
          else if (!(("then" SUBSEP name) in values)) print "added", name
          else if (values["then", name] != values["now", name]) print "changed", name
      }
    ' side=then "$record/files/$name" side=now "$dir/$name" | sort
  done | frame differ 0
}

everything() {
  command -v base64 > /dev/null || { echo '@hummii base64 1 ' && exit 0; }
  cd / || exit 1
  compose "$@"
differ "$@"
frame end 0 < /dev/null
}

# The script itself comes on stdin: nothing that it starts may read the rest of it.
everything "$@" < /dev/null
