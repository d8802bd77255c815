# shellcheck shell=sh
# The facts that a plan was made from, as text, so that the host can be compared with them under the lease.
# Snapshot.expectation_text makes the same text from one read, byte for byte. It changes nothing.

# expectation PROJECT PROJECT_DIR FILE...: one line a fact, sorted by bytes; a FILE is relative to PROJECT_DIR or
# absolute, `-` stands for one that is absent or cannot be read. Fails if docker does not answer.
expectation() (
  exec < /dev/null # a script that comes on stdin must not be eaten
  project=$1 dir=$2
  shift 2
  ids=$(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$project") || exit 1
  format='{{with .Config.Labels}}{{if ne (index . "com.docker.compose.oneoff") "True"}}container '
  format=$format'{{index . "com.docker.compose.service"}} {{$.ID}} {{$.Image}} {{$.State.Status}}{{end}}{{end}}'
  # shellcheck disable=SC2086  # ids are hex words
  containers=$([ -z "$ids" ] || docker inspect --type container --format "$format" $ids) || exit 1
  {
    for file; do
      case $file in /*) path=$file ;; *) path=$dir/$file ;; esac
      digest=$(sha256sum 2> /dev/null < "$path") || digest=-
      printf 'file %s %s\n' "$file" "${digest%% *}"
    done 2> /dev/null
    # A crash loop flaps between running and restarting: both are "running", or every plan for it would be refused.
    printf '%s\n' "$containers" | sed -n -e 's/ \(running\|restarting\|paused\)$/ running/p;t' -e 's/ [a-z]*$/ stopped/p'
  } | LC_ALL=C sort
)
