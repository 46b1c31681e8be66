#!/bin/bash
# fetch.sh VERSION: /opt/keycloak and the Java it wants, and nothing else, so that the image's layer holds nothing else.
set -euo pipefail

version=$1
work=/tmp/build
trusted=/usr/local/share/ca-certificates

apt-get update
# Java's packages link a manual into a folder that a slim Debian has not.
mkdir -p /usr/share/man/man1
apt-get install -y --no-install-recommends ca-certificates openjdk-17-jre-headless
apt-get install -y --no-install-recommends ca-certificates-java maven unzip
# Java reads one certificate a file.
awk -v into="$trusted/host" '/BEGIN CERTIFICATE/ { n++ } n { print > (into "-" n ".crt") }' "$work/host-ca.pem"
update-ca-certificates >/dev/null 2>&1

mvn --batch-mode --quiet -Dmaven.repo.local="$work/m2" dependency:copy "-Dartifact=org.keycloak:keycloak-quarkus-dist:$version:zip" "-DoutputDirectory=$work"
unzip -q "$work"/keycloak-quarkus-dist-*.zip -d "$work"
mv "$work/keycloak-$version" /opt/keycloak
useradd --uid 1000 --gid 0 --home-dir /opt/keycloak --no-create-home --shell /usr/sbin/nologin keycloak
chown -R 1000:0 /opt/keycloak

rm -f "$trusted"/host-*.crt
update-ca-certificates --fresh >/dev/null 2>&1
apt-get purge -y --auto-remove maven unzip
rm -rf "${work:?}"/* /var/lib/apt/lists/* /var/cache/apt/*
test -x /opt/keycloak/bin/kc.sh
java -version
