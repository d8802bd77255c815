#!/bin/sh
# Backups of the lab's database in every kind, and every kind of damage to them, made from real dumps. Run as deploy on
# the host. Folders: good/ and bad/ below /tmp/corpus; the test copies them into the backups folder.
set -eu
export LC_ALL=C
rm -rf /tmp/corpus
mkdir -p /tmp/corpus/good /tmp/corpus/bad
cd /tmp/corpus
c=$(docker ps -q --filter label=com.docker.compose.service=postgres)
sql() { docker exec -i "$c" psql -X -q -U hummii -d "${1:-hummii}" -v ON_ERROR_STOP=1; }
dump() { docker exec -i "$c" pg_dump -U hummii "$@"; }
cut_by() { size=$(stat -c %s "$2") && head -c $((size - $1)) "$2" >"$3"; } # BYTES FROM TO
flip() { # FILE BYTES_FROM_THE_END: one bit of one byte
  at=$(($(stat -c %s "$1") - $2))
  byte=$(od -An -tu1 -j $at -N 1 "$1")
  # shellcheck disable=SC2059  # an octal escape is what is wanted
  printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}

dump -Fc -Z1 hummii >good/custom.dump
dump -Fc -Z0 hummii >good/custom-without-compression.dump
dump -Ft hummii >good/tar.tar
dump hummii >good/plain.sql
dump --inserts hummii >good/inserts.sql
cp good/custom.dump good/custom-by-a-wrong-name.sql
for kind in custom.dump tar.tar plain.sql; do
  gzip <good/$kind >good/$kind.gz
  docker exec -i "$c" zstd -q <good/$kind >good/$kind.zst
done
docker exec "$c" rm -rf /tmp/directory
docker exec "$c" pg_dump -U hummii -Fd -f /tmp/directory hummii
docker exec "$c" tar -C /tmp -cf - directory | tar -xf - -C good
docker exec "$c" rm -rf /tmp/directory

head -c 20480 good/custom.dump >bad/cut-at-20-kB.dump
for file in custom.dump custom-without-compression.dump tar.tar plain.sql custom.dump.gz plain.sql.gz tar.tar.zst plain.sql.zst; do
  cut_by 1 good/$file bad/cut-by-a-byte-$file
done
for back in 100 400 5000 9000; do
  cp good/custom.dump bad/flipped-$back.dump && flip bad/flipped-$back.dump $back
done
for file in plain.sql.gz plain.sql.zst; do cp good/$file bad/flipped-$file && flip bad/flipped-$file 900; done
cp good/custom-without-compression.dump bad/flipped-with-checksum.dump
sha256sum good/custom-without-compression.dump >bad/flipped-with-checksum.dump.sha256
flip bad/flipped-with-checksum.dump 900
sed '/^COPY public.messages/,$d' good/plain.sql >bad/cut-at-a-statement.sql
{ sed '/^COPY public.messages/q' good/plain.sql && printf '1\t1\tWhere is my'; } >bad/cut-in-a-row.sql
: >bad/empty.dump
: | gzip >bad/gzip-of-nothing.sql.gz
echo '<!DOCTYPE html><html><body>403 Forbidden</body></html>' >bad/page.dump
docker exec "$c" pg_dumpall -U hummii >bad/cluster.sql
docker exec -t "$c" pg_dump -U hummii -Fc hummii >bad/terminal.dump
docker exec -t "$c" pg_dump -U hummii hummii >bad/terminal.sql
cp good/custom.dump bad/newer-version.dump
printf '\020' | dd of=bad/newer-version.dump bs=1 seek=6 conv=notrunc status=none
dump -Fc -s hummii >bad/schema-alone.dump
dump -a hummii >bad/data-alone.sql
dump -Fc -t orders hummii >bad/one-table.dump
cp -r good/directory bad/directory-without-a-file && rm "$(find bad/directory-without-a-file -name '*.dat.gz' | head -n 1)"
cp -r good/directory bad/directory-without-toc && rm bad/directory-without-toc/toc.dat
tar -C good -czf bad/packed.tar.gz directory
{ sed '/^-- PostgreSQL database dump complete/,$d' good/plain.sql && printf '\\connect hummii\n' && tail -n 7 good/plain.sql; } >bad/connects.sql
{ sed '/^-- PostgreSQL database dump complete/,$d' good/plain.sql && printf 'SELECT 1; \\! touch /tmp/P\n' && tail -n 7 good/plain.sql; } >bad/runs-a-command.sql

echo 'CREATE DATABASE other' | sql postgres
echo 'CREATE TABLE things (id int); INSERT INTO things VALUES (1)' | sql other
dump -Fc other >bad/other-database.dump
dump other >bad/other-database.sql
echo 'DROP DATABASE other' | sql postgres
echo 'CREATE ROLE ghost; CREATE TABLE haunted (id int); ALTER TABLE haunted OWNER TO ghost; CREATE EXTENSION pgcrypto' | sql
dump -Fc hummii >bad/missing-role.dump
dump hummii >bad/missing-role.sql
echo 'DROP TABLE haunted; DROP ROLE ghost' | sql
dump hummii | sed 's/pgcrypto/nonesuch/g' >bad/missing-extension.sql
dump -Fc hummii | sed 's/pgcrypto/nonesuch/g' >bad/missing-extension.dump
echo 'DROP EXTENSION pgcrypto' | sql

mkfifo bad/fifo.dump
cp good/custom.dump /tmp/corpus/outside.dump
ln -s /tmp/corpus/outside.dump bad/link-out.dump
ln -s custom.dump good/link-inside.dump
