#!/bin/sh
# Debian 12 has no Compose v2; Debian 13 has it as a plugin binary that needs only libc >= 2.34. Its package is
# unpacked here, fetched through a private apt list: this image's own mirror and key, the suite of Debian 13.
set -eu
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null \
  | sed -n -E 's/^(deb( \[[^]]*\])?|URIs:) +([^ ]+).*/\3/p' | grep -v security | head -n 1)
[ -n "$mirror" ] || { echo "no Debian mirror in this image's apt sources" >&2; exit 1; }
private=/tmp/trixie
mkdir -p "$private/lists/partial" "$private/archives/partial" "$private/parts"
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$key] $mirror trixie main" > "$private/list"
set -- -o Dir::Etc::sourcelist="$private/list" -o Dir::Etc::sourceparts="$private/parts" \
  -o Dir::State::lists="$private/lists" -o Dir::Cache="$private"
apt-get "$@" update -q
(cd "$private" && apt-get "$@" download docker-compose)
dpkg-deb --extract "$private"/docker-compose_*.deb "$private/root"
install -d /usr/libexec/docker/cli-plugins
find "$private/root" -type f -name docker-compose -size +1M \
  -exec install -m 755 {} /usr/libexec/docker/cli-plugins/docker-compose \;
rm -rf "$private"
