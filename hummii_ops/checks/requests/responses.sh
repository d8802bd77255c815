#!/bin/sh
# Asks URLs on the host itself, in turn, at a fixed rate: a slow answer does not slow the next question. It changes nothing.
#
# Arguments: QUESTIONS EVERY_MS WITHIN_S URL…
# Prints `@hummii responses 0 <base64>` of a line each: `probe <number, from 0> <ms late> <status> <seconds>`; status 000: no
# answer. Without curl: `@hummii absent 1`. At the end `@hummii end 0`.
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
questions=$1 every_ns=$(($2 * 1000000)) within=$3
shift 3

ask() { # NUMBER LATE_MS URL: one write of a short line, so that lines of several do not mix
  curl -s -o /dev/null -A hummii-ops/probe --max-time "$within" -w "probe $1 $2 %{http_code} %{time_total}\n" -- "$3"
}
all() {
  began=$(date +%s%N)
  number=0
  while [ "$number" -lt "$questions" ]; do
    url=$(shift $((number % $#)) && printf %s "$1")
    left=$((began + number * every_ns - $(date +%s%N)))
    late=0
    if [ $left -gt 0 ]; then
      sleep "$((left / 1000000000)).$(printf %09d $((left % 1000000000)))"
    else
      late=$((-left / 1000000))
    fi
    ask $number $late "$url" &
    number=$((number + 1))
  done
  wait
}
if command -v curl > /dev/null; then
  printf '\n@hummii responses 0 '
  all "$@" < /dev/null 2> /dev/null | base64 -w 0
else
  printf '\n@hummii absent 1 '
fi
printf '\n\n@hummii end 0 \n'
