# shellcheck shell=sh
# The same questions to PostgreSQL twice, SECONDS apart, so that its counters can be compared; and what the api's
# containers used of the CPU until then. It changes nothing.
#
# Arguments: PROJECT SERVICE DATABASE USER SECONDS API. facts/database/backup.sh stands before it, and `sql`, which prints the questions.
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
frame() { printf '\n@hummii %s %s ' "$1" "$2" && base64 -w 0 && echo; }
ask() { # SECTION CONTAINER DATABASE USER
  words=$(sql | timeout 20 docker exec -i -e "PGDATABASE=$3" -e "PGUSER=$4" -e PGAPPNAME=hummii-ops/verify -e PGCLIENTENCODING=UTF8 \
    -e PGCONNECT_TIMEOUT=10 -e 'PGOPTIONS=-c statement_timeout=5s -c lock_timeout=1s -c default_transaction_read_only=on' \
    "$2" psql -X -qAt 2>&1)
  code=$?
  printf '%s\n' "$words" | frame "$1" $code
}
# used_by PID ID: microseconds of CPU that the container has used since it started, as the kernel counts them; nothing
# where what is counted there is not of it alone
used_by() {
  while IFS=: read -r _ controllers path; do
    case $path in *"$2"*) ;; *) continue ;; esac
    case $controllers in
      '') sed -n 's/^usage_usec //p' "/sys/fs/cgroup$path/cpu.stat" ;;
      *cpuacct*) sed 's/...$//' "/sys/fs/cgroup/cpuacct$path/cpuacct.usage" ;; # nanoseconds
    esac
  done < "/proc/$1/cgroup" 2> /dev/null | sort -n | tail -n 1
}
# cpu PID:ID…: all of them, and the clock in milliseconds; nothing where one is not told
cpu() {
  sum=0
  for container_at; do
    one=$(used_by "${container_at%%:*}" "${container_at#*:}")
    [ -n "$one" ] || return
    sum=$((sum + one))
  done
  [ $# = 0 ] || printf '%s %s\n' "$sum" "$(date +%s%3N)" | frame cpu 0
}
processes() { # PROJECT SERVICE: PID:ID, the first process of each of its containers
  docker ps -q --filter "label=com.docker.compose.project=$1" --filter "label=com.docker.compose.service=$2" \
    --filter label=com.docker.compose.oneoff=False | xargs -r docker inspect --format '{{.State.Pid}}:{{.Id}}'
}
if container=$(database_container "$1" "$2"); then
  apis=$(processes "$1" "$6")
  ask before "$container" "$3" "$4"
  # shellcheck disable=SC2086 # numbers and ids
  cpu $apis
  sleep "$5"
  # shellcheck disable=SC2086
  cpu $apis
  ask after "$container" "$3" "$4"
else
  frame absent 1 < /dev/null
fi
frame end 0 < /dev/null
