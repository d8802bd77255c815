#!/bin/sh
# What `fab init` asks a server that it does not know yet, in lines `@hummii <section> <exit code> <base64>`.
# It changes nothing and writes no file. It sends no secret: of a container's environment only the names of a database
# and its role, of a healthcheck only the paths of its URLs, of env files only their names.
#
# Arguments: read PROJECT_DIR   or   probe URL…
# shellcheck disable=SC2016  # dollars in single quotes are Go templates'
export LC_ALL=C
unset CDPATH
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin

frame() { printf '\n@hummii %s %s ' "$1" "$2" && base64 -w 0 && echo; }

# Fields by tabs: project service working_dir config_files environment_file image running ports POSTGRES_DB POSTGRES_USER
container_format='{{index .Config.Labels "com.docker.compose.project"}}	{{index .Config.Labels "com.docker.compose.service"}}	{{index .Config.Labels "com.docker.compose.project.working_dir"}}	{{index .Config.Labels "com.docker.compose.project.config_files"}}	{{.Config.Image}}	{{.State.Running}}	{{range $inside, $bound := .NetworkSettings.Ports}}{{range $bound}}{{.HostIp}}|{{.HostPort}}|{{$inside}} {{end}}{{end}}	{{range .Config.Env}}{{$words := split . "="}}{{if eq (index $words 0) "POSTGRES_DB"}}{{index $words 1}}{{end}}{{end}}	{{range .Config.Env}}{{$words := split . "="}}{{if eq (index $words 0) "POSTGRES_USER"}}{{index $words 1}}{{end}}{{end}}'

about_host() {
  { id -un && id -Gn && uname -n; } | frame host 0
  if [ -d "$dir" ]; then stat -L -c '%a|%U|%G' -- "$dir" | frame folder 0; fi
}
about_files() {
  find "$dir" -maxdepth 1 -type f \( -name '*.yml' -o -name '*.yaml' -o -name '.env*' \) -size -513 2> /dev/null | frame files 0
  find "$dir" -maxdepth 4 -path "$dir/.hummii-ops" -prune -o -type f \( -name '*.backup-*' -o -name '*.dump' -o -name '*.sql' -o -name '*.sql.gz' \) -print 2> /dev/null |
    head -n 2000 | frame backups 0
}
about_compose() { # the files that could be meant, small and readable ones
  for name in "$dir"/*.yml "$dir"/*.yaml; do
    if [ -f "$name" ] && [ -r "$name" ] && [ "$(stat -L -c %s -- "$name")" -le 262144 ]; then
      { printf '%s\n' "$name" && cat -- "$name"; } | frame compose 0
    fi
  done
}
about_docker() {
  if ! command -v docker > /dev/null; then
    echo 'docker is not installed' | frame docker 127
    return
  fi
  words=$(timeout 10 docker ps -aq --no-trunc --filter label=com.docker.compose.project 2>&1)
  code=$?
  printf '%s' "$words" | frame docker "$code"
  [ "$code" = 0 ] && [ -n "$words" ] || return 0
  # shellcheck disable=SC2086  # ids are hex words
  timeout 20 docker inspect --type container --format "$container_format" $words 2> /dev/null | frame containers 0
  for id in $words; do
    docker inspect --type container --format '{{index .Config.Labels "com.docker.compose.service"}} {{with .Config.Healthcheck}}{{json .Test}}{{end}}' "$id" 2> /dev/null
  done | while read -r service test; do
    printf '%s' "$test" | grep -oE 'https?://[^/"[:space:]]+/[A-Za-z0-9._~/-]*' | sed -E "s|^https?://[^/]*|$service |"
  done | frame healthchecks 0
}
ask() { # URL: its status, and the beginning of its answer
  if command -v curl > /dev/null; then
    body=$(curl -q -gsS --noproxy '*' --max-time 3 -w '\n%{http_code}' --url "$1" 2> /dev/null | head -c 4096 | tr -d '\000')
    { printf '%s\n' "$1" && printf '%s' "$body"; } | frame answer 0
  else
    body=$(wget --no-config --no-proxy -q -O - --timeout=3 --tries=1 --max-redirect=0 --content-on-error "$1" 2> /dev/null | head -c 4096 | tr -d '\000')
    { printf '%s\n' "$1" && printf '%s\n%s' "$body" "$([ -n "$body" ] && echo 200 || echo 000)"; } | frame answer 0
  fi
}
everything() {
  command -v base64 > /dev/null || { echo '@hummii base64 1 ' && exit 0; }
  cd / || exit 1
  case $1 in
    read)
      dir=$2
      about_host
      about_docker
      if [ -d "$dir" ]; then about_files && about_compose; fi
      ;;
    probe)
      shift
      for url; do ask "$url"; done
      ;;
  esac
  frame end 0 < /dev/null
}

# The script itself comes on stdin: nothing that it starts may read the rest of it.
everything "$@" < /dev/null
