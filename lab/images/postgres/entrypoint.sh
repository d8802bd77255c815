#!/bin/sh
# First start: make the cluster, its user and its database from POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB.
# It is made beside and renamed, so that a start that was cut short begins again instead of leaving half a cluster.
set -eu

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  making="$PGDATA/making"
  rm -rf "$making"
  printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/password
  chmod 600 /tmp/password
  initdb --no-sync --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
    --username="$POSTGRES_USER" --pwfile=/tmp/password -D "$making" > /tmp/initdb.log
  rm /tmp/password
  {
    echo "listen_addresses = '*'"
    echo "jit = off"
    echo "shared_buffers = 32MB"
    echo "shared_preload_libraries = 'pg_stat_statements'"
  } >> "$making/postgresql.conf"
  echo "host all all all scram-sha-256" >> "$making/pg_hba.conf"
  if [ "$POSTGRES_DB" != postgres ]; then
    printf 'CREATE DATABASE "%s";\n' "$POSTGRES_DB" | postgres --single -D "$making" postgres > /tmp/createdb.log
    echo 'CREATE EXTENSION pg_stat_statements;' | postgres --single -D "$making" "$POSTGRES_DB" >> /tmp/createdb.log
  fi
  version=$(cat "$making/PG_VERSION")
  rm "$making/PG_VERSION"
  mv "$making"/* "$PGDATA"/
  rmdir "$making"
  chmod 700 "$PGDATA"
  echo "$version" > "$PGDATA/PG_VERSION"
fi

exec "$@"
