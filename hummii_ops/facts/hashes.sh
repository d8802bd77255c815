# shellcheck shell=sh
# What Compose would compare with a container's config-hash label, as lines "service hash". Sourced by the reads and
# by the verbs. It changes nothing; what Compose resolves holds secrets and stays in memory.
#
# Two lines a service, since two labels mean "made from this" (measured with Compose 2.26):
#   - `config --hash` of the file leaves out what env_file adds, and `up` does not: so the resolved one is hashed;
#   - `up --no-deps` hashes a service without its depends_on, a plain `up` with it.
config_hashes() ( # PROJECT DIR COMPOSE_OPTION…
    project=$1 dir=$2
    shift 2
    resolved=$(timeout 20 docker compose -p "$project" --project-directory "$dir" "$@" config) || exit
    printf '%s\n' "$resolved" | hash_resolved || exit
    printf '%s\n' "$resolved" | awk '/^    depends_on:/ { skip = 1; next } skip && /^     / { next } { skip = 0; print }' | hash_resolved
)
hash_resolved() { timeout 20 docker compose -p "$project" --project-directory "$dir" -f - config --hash '*'; }
