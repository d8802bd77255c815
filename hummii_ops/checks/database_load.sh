# shellcheck shell=sh
# The same questions to PostgreSQL twice, SECONDS apart, so that its counters can be compared. It changes nothing.
#
# Arguments: PROJECT SERVICE DATABASE USER SECONDS. facts/backup.sh stands before it, and `sql`, which prints the questions.
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
if container=$(database_container "$1" "$2"); then
  ask before "$container" "$3" "$4"
  sleep "$5"
  ask after "$container" "$3" "$4"
else
  frame absent 1 < /dev/null
fi
frame end 0 < /dev/null
