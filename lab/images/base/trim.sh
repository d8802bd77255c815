#!/bin/sh
# Runs once, in the base image: quiet apt, no documentation, and the certificates of the machine that builds.
set -eu
mkdir -p /etc/ssl/certs /etc/dpkg/dpkg.cfg.d /etc/apt/apt.conf.d
cat > /etc/dpkg/dpkg.cfg.d/lab <<'END'
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
force-unsafe-io
END
cat > /etc/apt/apt.conf.d/90lab <<'END'
APT::Install-Recommends "false";
Acquire::Retries "3";
Acquire::Languages "none";
APT::Keep-Downloaded-Packages "false";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
END
# Kept apart from the distribution's own bundle, which packages rewrite; empty when the machine has none.
cp /tmp/lab/ca-certificates.crt /etc/ssl/lab-ca-certificates.crt
rm -rf /tmp/lab
