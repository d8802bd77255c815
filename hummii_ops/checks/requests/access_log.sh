#!/bin/sh
# Counts the requests in the proxy's log, where the log is: it is never shipped. It changes nothing.
#
# Arguments: FORMAT (auto json combined) STATUS_KEY TIME_KEY MS (a unit of time in milliseconds) SAMPLES HEALTH_PATH
#            then ignore:PATH… (what a path begins with) then ID:SINCE:UNTIL… (epoch seconds)
# Prints `@hummii requests 0 <base64>` of: `said <docker's own words>`… `code <docker's exit code>` `n <requests>`
# `failed <5xx>` `timed <those with a time>` `ignored <not of users>`, `kept <oldest line>` for a log that is rotated,
# `sample <ms>`… in order of time, at most SAMPLES, and `p50 p95 p99 p100 <ms>`; at the end `@hummii end 0`.
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
format=$1 status=$2 time=$3 ms=$4 most=$5 health=$6
shift 6
newline='
'
ignore=
while :; do
  case ${1-} in ignore:*) ignore=$ignore${1#ignore:}$newline ;; *) break ;; esac
  shift
done

logs() {
  for one; do
    id=${one%%:*} range=${one#*:}
    timeout 20 docker logs --timestamps --since "${range%%:*}" --until "${range#*:}" "$id" 2>&1
    printf '@code %s\n' $?
  done
}
# kept ID:…: the time of the oldest line of a log that docker cuts off; nothing for one that grows for ever
kept() {
  for one; do
    case $(timeout 5 docker inspect --format '{{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-size"}}' "${one%%:*}" 2>&1) in
      'json-file ' | *'<no value>') ;;
      json-file* | local*) timeout 5 docker logs --timestamps "${one%%:*}" 2>&1 | awk '{ print "kept " $1; exit }' ;;
    esac
  done
}
# One line for each request that counts becomes a number; the times go through sort to the next stage.
count() {
  IGNORE=$ignore HEALTH=$health awk -v format="$format" -v status="$status" -v time="$time" -v ms="$ms" -v most="$most" '
    function number(key) {
      if (!match($0, "\"" key "\"[ \t]*:[ \t]*\"?[0-9][0-9.eE+-]*")) return ""
      found = substr($0, RSTART + length(key) + 2, RLENGTH - length(key) - 2)
      sub(/^[ \t]*:[ \t]*"?/, "", found)
      return found
    }
    # is this word the path that was asked for: between a blank or a quote, and (if it must end) another or a "?"
    function asks(path, whole) {
      at = index($0, path)
      if (!at || path == "" || substr($0, at - 1, 1) !~ /[ "]/) return 0
      return !whole || substr($0, at + length(path), 1) ~ /[ "?]/
    }
    function ours() {
      if (index($0, "\"hummii-ops") || asks(ENVIRON["HEALTH"], 1)) return 1
      for (i = 1; i <= ignored_paths; i++) if (asks(paths[i], 0)) return 1
      return 0
    }
    BEGIN { ignored_paths = split(ENVIRON["IGNORE"], paths, "\n") - 1 }
    /^@code [0-9]+$/ { if ($2 > code) code = $2; next }
    !/^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T/ {
      if ($0 != "" && said++ < 5) print "said " substr($0, 1, 300) # docker itself: a log line begins with its time
      next
    }
    {
      $0 = substr($0, index($0, " ") + 1)
      answer = took = ""
      if (format != "combined" && $0 ~ /^[ \t]*\{/) { answer = number(status); took = number(time) }
      else if (format != "json" && split($0, part, "\"") > 2 && part[3] ~ /^ [1-5][0-9][0-9] /) answer = substr(part[3], 2, 3)
      if (answer !~ /^[1-5][0-9][0-9]$/) next
      if (answer == 101 || ours()) { ignored++; next } # an upgraded connection lasts as long as a chat
      n++
      if (answer >= 500) failed++
      if (took != "") times[timed++] = took * ms
    }
    END {
      print "code " code + 0 "\nn " n + 0 "\nfailed " failed + 0 "\ntimed " timed + 0 "\nignored " ignored + 0
      step = timed > most ? timed / most : 1
      for (i = 0; i < timed; i += step) printf "sample %.3f\n", times[int(i)]
      fflush()
      for (i = 0; i < timed; i++) printf "%.3f\n", times[i] | "sort -n"
    }'
}
# Quantiles between the two nearest, of the bare numbers that stand sorted at the end
quantiles() {
  awk '
    /^[0-9.]+$/ { sorted[timed++] = $1; next }
    { print }
    END {
      if (!timed) exit
      split("50 95 99 100", wanted, " ")
      for (i = 1; i <= 4; i++) {
        place = (timed - 1) * wanted[i] / 100
        low = int(place)
        high = low + 1 < timed ? low + 1 : low
        printf "p%d %.3f\n", wanted[i], sorted[low] + (place - low) * (sorted[high] - sorted[low])
      }
    }'
}
printf '\n@hummii requests 0 '
{
  kept "$@"
  logs "$@" | count | quantiles
} < /dev/null | base64 -w 0
printf '\n\n@hummii end 0 \n'
