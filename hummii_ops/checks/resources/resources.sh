#!/bin/sh
# What the host and the stack's containers use now, in lines `@hummii <section> <exit code> <base64>`. It changes nothing.
#
# Arguments: PROJECT SINCE (epoch seconds: the release) then the ids of the containers that are up
# shellcheck disable=SC2016  # dollars in single quotes are awk's
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
project=$1 since=$2
shift 2

frame() { printf '\n@hummii %s %s ' "$1" "$2" && base64 -w 0 && echo; }
cpu() {
  if read -r line < /proc/stat; then echo "$line"; fi
}
pressure() {
  for what in cpu memory io; do
    sed "s/^/$what /" "/proc/pressure/$what" 2> /dev/null # a kernel without PSI has none
  done
}
# ooms PID: how many processes of a container the kernel has killed for memory, since it started
ooms() {
  while IFS=: read -r _ controllers path; do
    case $controllers in
      '') counted=/sys/fs/cgroup$path/memory.events ;;
      memory) counted=/sys/fs/cgroup/memory$path/memory.oom_control ;;
      *) continue ;;
    esac
    [ ! -r "$counted" ] || awk '$1 == "oom_kill" { print $2; exit }' "$counted"
  done < "/proc/$1/cgroup" 2> /dev/null | sort -n | tail -n 1
}
containers() {
  [ $# = 0 ] || timeout 10 docker inspect --format '{{.Id}} {{.State.Pid}} {{.RestartCount}} {{.State.OOMKilled}}' "$@" |
    while read -r id pid restarts killed; do
      echo "$id $restarts $killed $(ooms "$pid")"
    done
}
# Docker keeps its last events in memory only: what it has forgotten is still in the counters, until a restart.
events() {
  timeout 5 docker events --since "$since" --until "$(date +%s)" --filter type=container --filter event=oom \
    --filter "label=com.docker.compose.project=$project" --format '{{.ID}}'
}
stats() {
  if [ $# = 0 ]; then
    sleep 1 # the two looks at the CPU need some time between them
  else
    timeout 20 docker stats --no-stream --no-trunc --format '{{.ID}} {{.CPUPerc}} {{.MemPerc}} {{.MemUsage}}' "$@" 2>&1
  fi
}

main() {
  before=$(cpu)
  used=$(stats "$@")
  code=$?
  printf '%s\n%s\n' "$before" "$(cpu)" | frame cpu 0
  printf '%s\n' "$used" | frame stats $code
  containers "$@" 2>&1 | frame containers 0
  events 2> /dev/null | frame events 0
  pressure | frame pressure 0
  frame load 0 < /proc/loadavg
  grep -E '^(MemTotal|MemAvailable):' /proc/meminfo 2> /dev/null | frame memory 0
  { nproc 2> /dev/null || grep -c '^processor' /proc/cpuinfo; } | frame cores 0
  frame end 0 < /dev/null
}
# The script itself comes on stdin: nothing that it starts may read the rest of it.
main "$@" < /dev/null
