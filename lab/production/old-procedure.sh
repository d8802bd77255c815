#!/bin/sh
# What months of the written procedure leave in /opt/hummii: compose files saved by hand under whatever date format the
# person of the day used, copied about so that their times say nothing, and plain SQL dumps. Nothing has a record.
set -eu
cd /opt/hummii
mkdir -p backups/database
file=docker-compose.prod.yml

save() { sed "s|image: hummii-api:.*|image: hummii-api:$2|" "$file" > "backups/$file.backup-$1"; }

save 20250106_031500 1.0
save 20250201120000 1.2
save 2025-02-14T09-30-00Z 1.0
save 20250220T101500 1.1
save 1740830400 1.0
save before-black-friday 1.0
printf 'services:\n  api:\n    image: hummii-api:1.0\n   broken' > "backups/$file.backup-20250302_080000"
touch -d 2025-03-01 "backups/$file.backup-20250106_031500"
touch -d 2025-01-01 "backups/$file.backup-1740830400"

docker compose -f "$file" exec -T postgres pg_dump -U hummii hummii > backups/database/hummii-20250106_031500.sql
docker compose -f "$file" exec -T postgres pg_dump -U hummii hummii | gzip > backups/database/hummii_2025-02-14.sql.gz
touch -d 2025-01-06T03:15 backups/database/hummii-20250106_031500.sql
