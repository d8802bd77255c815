#!/bin/sh
# The one read of a host: everything a Snapshot needs, in lines `@hummii <section> <exit code> <base64>`.
# It changes nothing: no file is written or created, not even a temporary one, and no container is touched.
# It sends no secret: of env files the names, and the values only of what an `image:` line interpolates;
# of containers a chosen few fields, never their environment.
#
# Arguments: PROJECT_DIR PROJECT COMPOSE_FILE BACKUPS_DIR HEALTH_URL|- then any of
#            env:FILE (relative to PROJECT_DIR)  file:FILE (likewise)  word:DEPLOY_PROCESS
# shellcheck disable=SC2016  # dollars in single quotes are awk's and Go templates'
export LC_ALL=C
unset CDPATH
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
dir=$1 project=$2 compose=$1/$3 backups=$1/$4 url=$5
case $4 in /*) backups=$4 ;; esac
prefix=$backups/${3##*/}.backup-
ours=$dir/.hummii-ops
shift 5

newline='
'
small=-513 # find -size: at most 512 blocks, 256 KiB

frame() { printf '\n@hummii %s %s ' "$1" "$2" && base64 -w 0 && echo; }

# Prints a section from a command's own words and code: said SECTION COMMAND...
said() (
  section=$1
  shift
  words=$("$@" 2>&1)
  code=$?
  printf '%s' "$words" | frame "$section" "$code"
)

host() {
  read -r boot < /proc/sys/kernel/random/boot_id
  read -r first < /proc/1/stat
  read -r uptime _ < /proc/uptime
  zone=
  if [ -r /etc/timezone ]; then read -r zone < /etc/timezone; fi
  {
    uname -n -r
    date '+%s%3N %z'
    id
    printf '%s\n' "boot=$boot" "first=${first##*) }" "uptime=$uptime" "umask=$(umask)" "tz=${TZ-}" "zone=$zone"
    printf 'localtime=%s\n' "$(readlink /etc/localtime)"
    # logind may be set to end a user's processes with the session, and setsid does not save them from it
    if [ -d /run/systemd/seats ] && [ "$(id -u)" != 0 ]; then
      printf 'logind=%s\n' "$(busctl get-property org.freedesktop.login1 /org/freedesktop/login1 \
        org.freedesktop.login1.Manager KillUserProcesses 2> /dev/null)"
    fi
  } | frame host 0
  for tool in flock setsid timeout sha256sum base64 tar gzip stat sync find xargs awk sed grep cmp diff docker; do
    command -v "$tool" > /dev/null || echo "$tool"
  done | frame tools 0
  command -v curl > /dev/null || command -v wget > /dev/null || echo 'curl or wget' | frame tools 0
  readlink -f "$dir" | frame real 0 # where a process says that it stands, if a part of the path is a link
  for place in "$dir" "$ours" "$backups"; do
    if [ -w "$place" ]; then echo w; elif [ -e "$place" ]; then echo r; else echo -; fi
  done | frame writable 0
}

# Files: what they are (stat), their digests (sums), their text (tar), and which of their words are paths (present).
files() {
  for one; do
    case $one in env:* | file:*) set -- "$@" "$dir/${one#*:}" ;; esac
    shift
  done
  stat -L --printf '%F|%a|%U|%G|%s|%n\0' -- "$dir" "$compose" "$@" 2> /dev/null | frame stat 0
  find -H "$compose" "$@" "$prefix"*.release/files -type f -exec sha256sum -- {} + 2> /dev/null | frame sums 0
  stat --printf '%F|%a|%U|%G|%s|%n\0' -- "$prefix"* 2> /dev/null | frame backups 0
  if [ -r "$compose" ]; then frame compose 0 < "$compose"; fi
  { # our own notes apart: so many restore points that they are too long a list must never hide a lease
    find "$ours/lease" "$ours/hold" "$ours/last-deploy" "$ours"/marks/* "$ours"/runs/*/about "$ours"/runs/*/state \
      "$ours"/runs/*/gates/outside -prune -type f -size "$small" -exec tar -P --format=posix -cf - --no-recursion -- {} +
    find "$prefix"* "$prefix"*.release/record.json -prune -type f -size "$small" \
      -exec tar -P --format=posix -cf - --no-recursion -- {} +
  } 2> /dev/null | frame tar 0
  find -H "$compose" "$prefix"* -prune -type f -size "$small" -exec awk '{
      gsub(/[][}{"\047,;=:|&()<>]/, " ")
      for (i = 1; i <= NF; i++) if (length($i) < 512 && !seen[$i]++ && ++count <= 5000) print $i
    }' {} + 2> /dev/null | while read -r word; do
    case $word in
      /*) [ -e "$word" ] && printf '%s\n' "$word" ;;
      *) [ -e "$dir/$word" ] && printf '%s\n' "$word" ;;
    esac
  done | frame present 0
}

# Env files: every name, and the value only of a variable that an image's name needs.
variables() (
  for one; do
    case $one in env:*) [ -r "$dir/${one#env:}" ] && set -- "$@" "$dir/${one#env:}" ;; esac
    shift
  done
  [ $# = 0 ] && return
  find -H "$compose" "$prefix"* -prune -type f -size "$small" -exec awk '
    FNR == 1 { quote = "" }
    side == "env" {
      if (quote != "") { if (index($0, quote)) quote = ""; next } # the rest of a value in several lines is no name
      if (!match($0, /^[ \t]*(export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*[ \t]*=/)) next
      value = substr($0, RLENGTH + 1)
      name = substr($0, 1, RLENGTH - 1)
      sub(/^[ \t]*(export[ \t]+)?/, "", name)
      sub(/[ \t]+$/, "", name)
      sub(/^[ \t]+/, "", value)
      first = substr(value, 1, 1)
      if ((first == "\"" || first == "\047") && !index(substr(value, 2), first)) { quote = first; value = "" }
      print "name " name " " FILENAME
      kept++
      names[kept] = name
      values[kept] = FILENAME "\t" value
      next
    }
    /(^|[^A-Za-z0-9_])["\047]?image["\047]?[ \t]*:/ {
      rest = $0
      while (match(rest, /\$\{?[A-Za-z_][A-Za-z0-9_]*/)) {
        name = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        gsub(/[${]/, "", name)
        wanted[name] = 1
      }
    }
    END { for (i = 1; i <= kept; i++) if (names[i] in wanted) print "value " names[i] " " values[i] }
  ' side=env "$@" side=compose {} + 2> /dev/null | frame variables 0
)

runs() (
  if [ -e "$ours/busy.lock" ] && command -v flock > /dev/null; then
    flock -n -s 9 9< "$ours/busy.lock"
    [ $? = 1 ] && echo held | frame busy 0
  fi
  du -sk "$ours" 2> /dev/null | frame space 0
  # Of the run that has the lease: where it stands, and how many seconds it waits for the answer from outside.
  run=$(sed -n '/^run=[0-9A-Za-z-]*$/{s/^run=//p;q;}' "$ours/lease" 2> /dev/null)
  [ -n "$run" ] || run=-
  tail -n 20 "$ours/runs/$run/journal.jsonl" 2> /dev/null | frame journal 0
  sed -n 's/^act() { ask_gate outside \([0-9]\{1,6\}\) .*/\1/p' "$ours/runs/$run/forward/confirmed-outside.sh" \
    2> /dev/null | frame gate 0
)

# Processes whose words look like a deploy, each with its ancestors' ids; Python judges them.
processes() {
  words='compose|\.hummii-ops/(runs|lib)/'
  for one; do
    one=${one%% *}
    case $one in word:?*) words="$words|$(printf '%s' "${one#word:}" | sed 's/[][\.*^$+?(){}|]/\\&/g')" ;; esac
  done
  grep -alE -e "$words" /proc/[0-9]*/cmdline 2> /dev/null | while IFS=/ read -r _ _ pid _; do
    line=
    parents=
    next=$pid
    started=
    while [ "${next:-0}" -gt 1 ]; do
      parents="$parents $next"
      read -r line < "/proc/$next/stat" || break
      line=${line##*) }
      [ -n "$started" ] || started=${line#* * * * * * * * * * * * * * * * * * * }
      line=${line#* }
      next=${line%% *}
    done 2> /dev/null
    [ -n "$started" ] || continue                         # it is gone already
    case "$parents " in *" $$ "*) continue ;; esac # it is this very read
    {
      printf '%s\n' "$parents" "${started%% *}" "$(stat -c %U "/proc/$pid")" "$(readlink "/proc/$pid/cwd")"
      cat "/proc/$pid/cmdline"
    } 2> /dev/null | frame process 0
  done
}

health() {
  [ "$url" = - ] && return
  begin=$(date +%s%3N)
  {
    if command -v curl > /dev/null; then
      curl -q -gsS --noproxy '*' -D - --max-time 3 --url "$url" 2>&1
    else
      wget --no-config --no-proxy -nv -S -O - --timeout=3 --tries=1 --max-redirect=0 --content-on-error "$url" 2>&1
    fi
    printf '\n@code %s' "$?"
  } | { head -c 8192; cat > /dev/null; } | frame health 0
  date "+$begin %s%3N" | frame health_ms 0
}

container_format='{"Id":{{json .ID}},"Name":{{json .Name}},"Image":{{json .Image}},"Ref":{{json .Config.Image}},
"Created":{{json .Created}},"RestartCount":{{json .RestartCount}},"Policy":{{json .HostConfig.RestartPolicy.Name}},
"Status":{{json .State.Status}},"ExitCode":{{json .State.ExitCode}},"OOMKilled":{{json .State.OOMKilled}},
"StartedAt":{{json .State.StartedAt}},"FinishedAt":{{json .State.FinishedAt}},
"Health":{{with .State.Health}}{{json .Status}}{{else}}null{{end}},
"Healthcheck":{{with .Config.Healthcheck}}{"Test":{{with .Test}}{{json (index . 0)}}{{else}}null{{end}},
"Interval":{{json .Interval}},"Timeout":{{json .Timeout}},"StartPeriod":{{json .StartPeriod}},
"Retries":{{json .Retries}}}{{else}}null{{end}},"Labels":{{with .Config.Labels}}{
"project":{{json (index . "com.docker.compose.project")}},
"service":{{json (index . "com.docker.compose.service")}},
"number":{{json (index . "com.docker.compose.container-number")}},
"oneoff":{{json (index . "com.docker.compose.oneoff")}},
"config-hash":{{json (index . "com.docker.compose.config-hash")}},
"version":{{json (index . "com.docker.compose.version")}},
"working_dir":{{json (index . "com.docker.compose.project.working_dir")}},
"config_files":{{json (index . "com.docker.compose.project.config_files")}},
"environment_file":{{json (index . "com.docker.compose.project.environment_file")}}
}{{else}}null{{end}},"Binds":[{{range $n, $one := .Mounts}}{{if $n}},{{end}}
{{if eq $one.Type "bind"}}{{json $one.Source}}{{else}}null{{end}}{{end}}],"Resolv":{{json .ResolvConfPath}}}'
image_format='{"Id":{{json .ID}},"RepoTags":{{json .RepoTags}},"RepoDigests":{{json .RepoDigests}},
"Created":{{json .Created}},"Size":{{json .Size}},
"Version":{{with .Config}}{{with .Labels}}{{json (index . "org.opencontainers.image.version")}}{{else}}null{{end}}
{{else}}null{{end}}}'

containers() {
  found=
  # shellcheck disable=SC2086  # ids are hex words
  [ -z "$ids" ] || found=$(timeout 10 docker inspect --type container --format "$container_format" $ids 2> /dev/null)
  printf '%s' "$found" | frame containers 0
  root=${found##*'"Resolv":"'}
  df -B1 --output=source,size,avail,itotal,iavail,file -- "$dir" "${root%%/containers/*}" 2> /dev/null | frame disk 0
}

# Images that a container runs, that a compose file or a record could mean, or that we keep.
images() {
  local_images=$(timeout 10 docker image ls --no-trunc --format '{{.ID}} {{.Repository}}' 2> /dev/null)
  found=$({
    printf '%s\n' "$stack" | sed 's/^/text /'
    find -H "$compose" "$prefix"* "$prefix"*.release/record.json -prune -type f -size "$small" -exec awk '
      FILENAME ~ /record\.json$/ || /(^|[^A-Za-z0-9_])["\047]?image["\047]?[ \t]*:/ { print "text " $0 }
      ' {} + 2> /dev/null | sort -u
    printf '%s\n' "$local_images"
  } | awk '
    /^text / { text = text $0 "\n"; next }
    {
      name = $2
      sub(/.*\//, "", name)
      if ($2 ~ /^hummii-ops\/keep/ || index(text, $1) || (name != "<none>" && index(text, name))) wanted[$1] = 1
    }
    END { for (id in wanted) if (id != "") printf "%s ", id }')
  # shellcheck disable=SC2086  # ids are hex words
  [ -z "$found" ] || timeout 10 docker image inspect --format "$image_format" $found 2> /dev/null | frame images 0
}

# The hashes that Compose gives the services of the file on disk, with the env files that the stack was started with.
config() (
  set -f
  set --
  IFS=,
  for one in $env_files; do set -- "$@" --env-file "$one"; done
  said config config_hashes "$project" "$dir" -f "$compose" "$@"
)

everything() {
  command -v base64 > /dev/null || { echo '@hummii base64 1 ' && exit 0; }
  cd / || exit 1
  host
  code=127
  if command -v docker > /dev/null; then
    stack=$(timeout 10 docker ps -a --no-trunc --filter "label=com.docker.compose.project=$project" \
      --format '{{.ID}} {{.Image}} {{.Label "com.docker.compose.project.environment_file"}}' 2>&1)
    code=$?
    [ "$code" = 0 ] || printf '%s' "$stack" | frame docker "$code"
  fi
  if [ "$code" = 0 ]; then
    ids=$(printf '%s\n' "$stack" | cut -d ' ' -f 1)
    env_files=${stack%%"$newline"*}
    env_files=${env_files#* * }
    # The slow answers are asked for at once; a stage passes the lines of the one on its left on when its own are out.
    config | {
      images | {
        said engine timeout 10 docker version --format '{{json .}}' | {
          said plugin docker_compose version --short | {
            health | {
              containers
              files "$@"
              variables "$@"
              processes "$@"
              runs
              cat
            }
            cat
          }
          cat
        }
        cat
      }
      cat
    }
  else
    df -B1 --output=source,size,avail,itotal,iavail,file -- "$dir" 2> /dev/null | frame disk 0
    files "$@"
    variables "$@"
    processes "$@"
    runs
    health
  fi
  frame end 0 < /dev/null
}

# The script itself comes on stdin: nothing that it starts may read the rest of it.
everything "$@" < /dev/null
