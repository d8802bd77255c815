#!/bin/sh
# Asks a Prometheus from the host, which may be the only one to reach it. It changes nothing.
#
# Arguments: WITHIN_S URL…
# Prints for each URL, in order, `@hummii answer <exit code of curl or wget> <base64 of what came>`; at the end `@hummii end 0`.
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
within=$1
shift
get() {
  if command -v curl > /dev/null; then
    curl -sS -A hummii-ops/probe --max-time "$within" -- "$1" 2>&1
  else
    timeout "$within" wget -q -O - --content-on-error -- "$1" 2>&1
  fi
}
for one; do
  said=$(get "$one" < /dev/null)
  code=$?
  printf '\n@hummii answer %s ' $code
  printf %s "$said" | head -c 1000000 | base64 -w 0
done
printf '\n\n@hummii end 0 \n'
