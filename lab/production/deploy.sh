#!/bin/sh
# ./deploy.sh VERSION: the team's deploy, as it always was. It keeps the compose file from before, dumps the database,
# and starts the new version. It does not look at health, and knows nothing of holds, marks and leases.
set -eu

version=${1:?usage: ./deploy.sh VERSION}
cd /opt/hummii
umask 002
file=docker-compose.prod.yml
docker image inspect "hummii-api:$version" > /dev/null 2>&1 || {
  echo "deploy.sh: there is no image hummii-api:$version on this host" >&2
  exit 1
}

mkdir -p backups/database
while :; do
  stamp=$(date +%Y%m%d_%H%M%S)
  [ -e "backups/$file.backup-$stamp" ] || break
  sleep 0.1
done
cp "$file" "backups/$file.backup-$stamp"

dump="backups/database/hummii-$stamp.dump"
if ! docker compose -f "$file" exec -T postgres pg_dump -Fc -U hummii hummii > "$dump"; then
  rm -f "$dump"
  echo "deploy.sh: the database was not dumped; going on" >&2
fi

sed "s|image: hummii-api:.*|image: hummii-api:$version|" "backups/$file.backup-$stamp" > "$file"
docker compose -f "$file" up -d || echo "deploy.sh: docker compose ended with an error; look at the logs" >&2
echo "deployed $version"
