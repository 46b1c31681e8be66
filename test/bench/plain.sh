#!/usr/bin/env bash
# What a maintainer would write instead of recipe-ci: the same steps with docker and abra, polled every 100 ms, judged by
# nothing but "it came up". test/bench/overhead.ts sets:
#   NAME RECIPE (a git repo) BASE (its older version) NODE_IMAGE PRIVILEGES EDGE (folder of traefik) MIRROR CERTS
#   STAND_IN (lines of source:target) ABRA (its path in the node) OVERLAY (a compose file, or empty)
set -euo pipefail

work=$(mktemp -d)
teardown() {
  docker rm --force --volumes "$NAME" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap teardown EXIT

# until_true COMMAND...: every 100 ms, two minutes at most.
until_true() {
  local deadline=$((SECONDS + 120))
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      echo "plain.sh: gave up on: $*" >&2
      exit 1
    fi
    sleep 0.1
  done
}

in_node() { docker exec "$NAME" "$@"; }
shell() { docker exec -i "$NAME" bash -euo pipefail -s -- "$@"; }

# --- a throwaway Swarm with an edge
mounts=()
while read -r mount; do mounts+=(--volume "$mount:ro"); done <<<"$STAND_IN"
if [ "$PRIVILEGES" = privileged ]; then
  may=(--privileged)
else
  may=(--cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt apparmor=unconfined --cgroupns host
    --volume /sys/fs/cgroup:/sys/fs/cgroup)
fi
docker run --detach --name "$NAME" --hostname node1 "${may[@]}" "${mounts[@]}" --volume "$EDGE:/opt/edge:ro" --volume "$CERTS:/certs:ro" \
  --volume /var/lib/docker --publish 127.0.0.1::443 "$NODE_IMAGE" ${MIRROR:+--registry-mirror "$MIRROR" --insecure-registry "$MIRROR"} >/dev/null
until_true in_node docker info
port=$(docker port "$NAME" 443/tcp | sed 's/.*://')
shell <<'INSIDE'
docker swarm init --advertise-addr eth0 >/dev/null
docker network create --driver overlay --attachable --subnet 10.222.0.0/16 proxy >/dev/null
mkdir -p /tmp/empty/tmp
tar -C /tmp/empty -c . | docker import - edge:1 >/dev/null
docker service create --quiet --detach --name edge --network proxy --endpoint-mode dnsrr --no-resolve-image \
  --publish mode=host,target=443,published=443 --mount type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock \
  --mount type=bind,source=/opt/edge,target=/opt/edge --mount type=bind,source=/certs,target=/certs --entrypoint /opt/edge/traefik edge:1 \
  --providers.swarm=true --providers.swarm.endpoint=unix:///var/run/docker.sock --providers.swarm.exposedByDefault=false \
  --providers.swarm.network=proxy --providers.swarm.refreshSeconds=1 --providers.file.filename=/certs/dynamic.yml \
  --entrypoints.web-secure.address=:443 >/dev/null
INSIDE

# --- recipe
recipe=$(basename "$RECIPE")
git clone --quiet "$RECIPE" "$work/$recipe"
head=$(git -C "$work/$recipe" rev-parse HEAD)
images=$(for ref in "$head" "$BASE"; do git -C "$work/$recipe" show "$ref:compose.yml"; done | sed -n 's/^ *image: *//p' | sort -u)

abra_dir() { echo "/abra-$1"; }
abra() {
  local which=$1
  shift
  docker exec --env "ABRA_DIR=$(abra_dir "$which")" --workdir / "$NAME" "$ABRA" "$@"
}
for which in head base; do
  in_node mkdir -p "/abra-$which/servers/default" "/abra-$which/recipes" "/abra-$which/catalogue" "/origins"
  docker cp "$work/$recipe" "$NAME:/abra-$which/recipes/$recipe" >/dev/null
done
shell "$recipe" <<'INSIDE'
git config --global safe.directory '*'
cp -r "/abra-head/recipes/$1" "/origins/$1"
for which in head base; do git -C "/abra-$which/recipes/$1" remote set-url origin "/origins/$1"; done
INSIDE
docker exec --tty --env "ABRA_DIR=/abra-head" --workdir / "$NAME" "$ABRA" recipe lint -n "$recipe" >/dev/null

# at WHICH COMMIT: the tree, the overlay and the secrets as a deployment of that commit wants them.
at() {
  in_node git -C "/abra-$1/recipes/$recipe" checkout --quiet --force --detach "$2"
  local env="/abra-$1/servers/default/$1.ci.test.env"
  docker exec -i "$NAME" bash -euo pipefail -s -- "$env" "/abra-$1/recipes/$recipe" "${OVERLAY:+yes}" <<'INSIDE'
sed -i -e '/^LETS_ENCRYPT_ENV=/d' -e '/^COMPOSE_FILE=/d' "$1"
# Keys that this commit's sample has and the app has not.
while IFS= read -r line; do
  grep -q "^${line%%=*}=" "$1" || echo "$line" >>"$1"
done < <(grep -E '^[A-Z_]+=' "$2/.env.sample" | grep -vE '^(LETS_ENCRYPT_ENV|COMPOSE_FILE)=')
echo "LETS_ENCRYPT_ENV=" >>"$1"
echo "COMPOSE_FILE=compose.yml${3:+:compose.plain.yml}" >>"$1"
INSIDE
  if [ -n "$OVERLAY" ]; then docker cp "$OVERLAY" "$NAME:/abra-$1/recipes/$recipe/compose.plain.yml" >/dev/null; fi
  abra "$1" app secret generate -n -C -m -a "$1.ci.test" >/dev/null
}
for which in head base; do abra "$which" app new -n -s default -D "$which.ci.test" "$recipe" >/dev/null; done
at head "$head"
at base "$BASE"

# --- images
pulls=()
for image in $images; do
  in_node docker pull --quiet "$image" >/dev/null &
  pulls+=($!)
done
for pull in "${pulls[@]}"; do wait "$pull"; done

# up WHICH [completed]: all replicas there, no update going on, and the front page as a visitor gets it.
up() {
  shell "$1_ci_test" "${2:-}" <<'INSIDE'
services=$(docker service ls --quiet --filter "label=com.docker.stack.namespace=$1")
settled() {
  local states
  states=$(docker service inspect --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}' $services)
  case $states in *updating*) return 1 ;; esac
  case $states in *"$2"*) ;; *) return 1 ;; esac
  docker service ls --filter "label=com.docker.stack.namespace=$1" --format '{{.Replicas}}' | awk '{ split($1, n, "/"); if (n[1] != n[2]) exit 1 }'
}
deadline=$((SECONDS + 120))
until settled "$1" "$2"; do
  [ $SECONDS -lt $deadline ] || { docker service ls >&2; exit 1; }
  sleep 0.1
done
INSIDE
  until_true curl --fail --silent --cacert "$CERTS/ca.pem" --resolve "$1.ci.test:$port:127.0.0.1" --max-time 5 "https://$1.ci.test:$port/"
}
deploy() {
  local which=$1
  shift
  abra "$which" app deploy -n -C -o -c --no-domain-checks "$@" "$which.ci.test" >/dev/null
}

# --- install, then base and the upgrade to head
deploy head
up head
deploy base
up base
at base "$head"
deploy base -f
up base completed

# --- teardown, and a look whether it is gone
teardown
[ -z "$(docker ps --all --quiet --filter "name=^$NAME$")" ]
