# shellcheck shell=sh
# What Compose would compare with a container's config-hash label, as lines "service hash". Before both reads.
# It changes nothing; what Compose resolves holds secrets and stays in memory.
#
# Two lines a service, since two labels mean "made from this" (measured with Compose 2.26):
#   - `config --hash` of the file leaves out what env_file adds, and `up` does not: so the resolved one is hashed;
#   - `up --no-deps` hashes a service without its depends_on, a plain `up` with it.

# Every profile counts: a service that was started with one is part of what runs, and has a label.

# docker_compose ARGUMENT...: as `docker compose`, but by its plugin at once. docker starts it twice, the first time only
# to ask for its name (measured: 138 ms, and 57 without). Looked for where docker does, in its order; whatever is not a
# plain installation (a snap, a fake, folders of its own in config.json) is left to docker.
docker_compose() (
  settings=${DOCKER_CONFIG:-${HOME-}/.docker}
  for folder in "$settings" /usr/local/lib/docker /usr/local/libexec/docker /usr/lib/docker /usr/libexec/docker; do
    [ ! -e "$folder/cli-plugins/docker-compose" ] || break
  done
  case $(command -v docker) in /usr/bin/docker | /usr/local/bin/docker) ;; *) folder= ;; esac
  if [ -x "$folder/cli-plugins/docker-compose" ] && ! grep -qs cliPluginsExtraDirs "$settings/config.json"; then
    export DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=docker # so it knows that it is called as a plugin
    exec timeout 20 "$folder/cli-plugins/docker-compose" compose "$@"
  fi
  exec timeout 20 docker compose "$@"
)
# resolved PROJECT DIR COMPOSE_OPTION...: the configuration with everything filled in.
resolved() (
  project=$1 dir=$2
  shift 2
  docker_compose -p "$project" --project-directory "$dir" "$@" --profile '*' config
)
# hash_resolved PROJECT DIR <resolved
hash_resolved() { docker_compose -p "$1" --project-directory "$2" -f - --profile '*' config --hash '*'; }
# both_hashes PROJECT DIR RESOLVED: at the same time, since a start of Compose is what costs.
both_hashes() {
  printf '%s\n' "$3" | awk '/^    depends_on:/ { skip = 1; next } skip && /^     / { next } { skip = 0; print }' |
    hash_resolved "$1" "$2" &
  printf '%s\n' "$3" | hash_resolved "$1" "$2" || return
  wait $!
}
# replicas <resolved: "replicas SERVICE COUNT" for each service whose file says how many.
# Compose prints what it resolved in one fixed form: services at two blanks, their keys at four, those of deploy at six.
replicas() {
  awk '
    /^[a-z]/ { here = $0 == "services:" }
    here && /^  [^ ]/ { service = $1; sub(/:$/, "", service); gsub(/["\047]/, "", service) }
    /^    [^ ]/ { key = $1 }
    here && (/^    scale: [0-9]+$/ || (key == "deploy:" && /^      replicas: [0-9]+$/)) && !seen[service]++ {
      print "replicas", service, $2
    }'
}
# config_hashes PROJECT DIR COMPOSE_OPTION...: and the replicas that the file names
config_hashes() (
  words=$(resolved "$@") || exit
  printf '%s\n' "$words" | replicas
  both_hashes "$1" "$2" "$words"
)
