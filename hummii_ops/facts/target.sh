#!/bin/sh
# What Compose makes of one chosen release: the second, small read. It changes nothing, and writes no file.
# The answer of `config` holds secrets: it is for memory alone.
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

# Prints a section from what Compose says of the backup: compose SECTION FILES -- CONFIG_OPTIONS...
compose() (
  section=$1
  shift
  for one; do
    case $one in use:*) set -- "$@" --env-file "${one#use:}" ;; esac
    shift
  done
  case $section in
    config) words=$(timeout 20 docker compose -p "$project" -f "$backup" --project-directory "$dir" "$@" config --format json 2>&1) ;;
    hashes) words=$(config_hashes "$project" "$dir" -f "$backup" "$@" 2>&1) ;;
    *) words=$(timeout 20 docker compose -p "$project" -f "$backup" --project-directory "$dir" "$@" config --images 2> /dev/null) ;;
  esac
  code=$?
  printf '%s' "$words" | frame "$section" "$code"
  if [ "$section$code" = refs0 ] && [ -n "$words" ]; then
    set -f
    # shellcheck disable=SC2086  # an image's name holds no space
    timeout 10 docker image inspect --format "$image_format" $words 2> /dev/null | frame images 0
  fi
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
  # The three answers of Compose are asked for at once, as in read.sh.
  compose hashes "$@" | {
    compose refs "$@" | {
      compose config "$@"
      differ "$@"
      cat
    }
    cat
  }
  frame end 0 < /dev/null
}

# The script itself comes on stdin: nothing that it starts may read the rest of it.
everything "$@" < /dev/null
