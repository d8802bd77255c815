#!/bin/sh
# Reads the containers' logs, and sends what may matter: lines that hold one of the words, the last of them.
# It changes nothing. The regexes are Python's, so they are applied on the laptop; the words are literal texts of which
# one stands in every line that a regex can find: no log is shipped whole, and every line of the window is looked at.
#
# Arguments: LINES BYTES then word:TEXT… (lower case; none: every line) then ID:SINCE:UNTIL… (epoch seconds, UNTIL may be empty)
# Prints for each, in order, `@hummii logs 0 <base64>` of: `said <docker's own words>`…, `lines <looked at> <found> <docker's
# exit code>`, and the last LINES found, at most BYTES of them; at the end `@hummii end 0`.
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
lines=$1 bytes=$2
shift 2
words=
newline='
'
while :; do
  case ${1-} in word:*) words=$words${1#word:}$newline ;; *) break ;; esac
  shift
done

of() (
  id=${1%%:*}
  range=${1#*:}
  until=${range#*:}
  set -- --since "${range%%:*}"
  [ -z "$until" ] || set -- "$@" --until "$until"
  {
    timeout 12 docker logs --timestamps "$@" "$id" 2>&1
    code=$?
    [ $code = 0 ] || timeout 5 docker inspect --format 'driver {{.HostConfig.LogConfig.Type}}' "$id" 2>&1
    printf '\n@code %s\n' $code
  } | WORDS=$words awk -v most="$lines" -v bytes="$bytes" '
    BEGIN { count = split(ENVIRON["WORDS"], words, "\n") - 1 }
    /^@code [0-9]+$/ { code = $2; next }
    !/^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T/ {
      if ($0 != "" && said++ < 5) print "said " substr($0, 1, 500) # docker itself: a log line begins with its time
      next
    }
    {
      looked++
      hit = count < 1
      line = hit ? "" : tolower($0)
      for (i = 1; i <= count && !hit; i++) hit = index(line, words[i])
      if (hit) kept[n++ % most] = substr($0, 1, 4000)
    }
    END {
      print "lines " looked + 0 " " n + 0 " " code + 0
      for (first = n; first > 0 && n - first < most; first--) {
        bytes -= length(kept[(first - 1) % most]) + 1
        if (bytes < 0) break
      }
      for (i = first; i < n; i++) print kept[i % most]
    }'
)

for one; do
  printf '\n@hummii logs 0 '
  of "$one" | base64 -w 0
  echo
done
printf '\n@hummii end 0 \n'
