#!/bin/sh
# The last words of containers: the end of their logs, and what their health check said last. It changes nothing.
#
# Arguments: LINES then ID…
# Prints for each, in order, `@hummii log <docker's exit code> <base64>` and `@hummii health 0 <base64>`; then `@hummii end 0`.
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
frame() { printf '@hummii %s %s %s\n' "$1" "$2" "$(printf %s "$3" | tail -c 16000 | base64 | tr -d '\n')"; }
last() ( # LINES ID
  code=0
  said=$(timeout 12 docker logs --tail "$1" "$2" 2>&1) || code=$?
  frame log $code "$said"
  frame health 0 "$(timeout 5 docker inspect --format '{{with .State.Health}}{{range .Log}}{{.Output}}{{println}}{{end}}{{end}}' "$2" 2>&1 | grep . | tail -n 1)"
)
main() {
  lines=$1
  shift
  for id; do last "$lines" "$id"; done
  frame end 0 ''
}
# The script itself comes on stdin: nothing that it starts may read the rest of it.
main "$@" < /dev/null
