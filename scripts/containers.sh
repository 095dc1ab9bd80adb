#!/usr/bin/env bash
# containers.sh [TIMES]: builds the image and goes through the documented ways of running it, on a real Docker engine with Compose.
#   BUILD="--network host"   more arguments for docker build; BUILD=none takes tributary:local as it is
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\n==> %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
export COMPOSE_PROJECT_NAME=tributary-check LOADER_REPLICAS=2 LOADER_MEMORY=512MiB TRIBUTARY_DATA TRIBUTARY_CONFIG
work=$(mktemp -d); chmod 755 "$work"
TRIBUTARY_DATA=$work/data TRIBUTARY_CONFIG=$work/first.yaml
compose() { docker compose --progress quiet "$@"; }
trap 'compose down --volumes --timeout 1 >/dev/null 2>&1; docker rm --force tributary-alone >/dev/null 2>&1; rm -rf "$work"' EXIT
# digests of the two epochs, as the trainer prints them; its errors where it fails
trained() { compose run --rm -T trainer >"$work/trained" 2>"$work/errors" || { cat "$work/errors" >&2; fail "the trainer ended"; }; grep digest "$work/trained"; }

[ "${BUILD:-}" = none ] || { say "Building"; docker build --quiet --tag tributary:local ${BUILD:-} .; }
docker image inspect --format 'image: {{.Size}} bytes, version {{index .Config.Labels "org.opencontainers.image.version"}}' tributary:local

say "Without a command, under a quota of one CPU, with a read-only root"
docker run --detach --name tributary-alone --cpus 1 --read-only --tmpfs /tmp --user 4711 --health-interval 1s tributary:local >/dev/null
for _ in $(seq 120); do [ "$(docker inspect --format '{{.State.Health.Status}}' tributary-alone)" = healthy ] && break; sleep 1; done
[ "$(docker inspect --format '{{.State.Health.Status}}' tributary-alone)" = healthy ] || { docker logs tributary-alone; fail "never healthy"; }
docker logs tributary-alone 2>/dev/null | grep -q '"workers":1,' || fail "a quota of one CPU is not one worker: $(docker logs tributary-alone 2>/dev/null | grep serving)"
docker exec tributary-alone bash -c 'for i in 1 2 3 4 5 6 7 8 9 10; do tributary-ready 9464 || exit 1; done; times' | tail -1
docker exec tributary-alone tributary fetch --address 127.0.0.1:50051 --run demo --epoch 0 --step 0 --out /tmp/batches
docker rm --force tributary-alone >/dev/null

say "Compose: train, scale, kill, another config, an edited config, $((${1:-1})) times"
mkdir "$TRIBUTARY_DATA"; chmod 777 "$TRIBUTARY_DATA"
docker run --rm --volume "$work:/work" --entrypoint node tributary:local /app/dist/scripts/make-sample-set.js /work/data >/dev/null
for time in $(seq "${1:-1}"); do
  cp deploy/docker/tributary.yaml "$work/first.yaml"; sed 's/seed: 0/seed: 1/' "$work/first.yaml" >"$work/second.yaml"
  export TRIBUTARY_CONFIG=$work/first.yaml LOADER_REPLICAS=2
  compose up --detach
  first=$(trained)
  export LOADER_REPLICAS=4
  compose up --detach --no-recreate
  # Once the trainer is there: it is not started where a replica that it waits for has ended.
  (until docker ps --format '{{.Names}}' | grep -q trainer-run; do sleep 0.5; done; sleep 3; docker kill "$(compose ps --quiet loader | head -1)" >/dev/null) &
  [ "$(trained)" = "$first" ] || fail "other digests with four replicas, one of them killed"
  wait
  export LOADER_REPLICAS=1
  compose up --detach --no-recreate
  [ "$(trained)" = "$first" ] || fail "other digests with one replica"
  export TRIBUTARY_CONFIG=$work/second.yaml
  compose up --detach
  second=$(trained)
  [ "$second" != "$first" ] || fail "another TRIBUTARY_CONFIG did not reach the containers"
  cp "$work/first.yaml" "$work/edited"; mv "$work/edited" "$work/second.yaml"
  compose up --detach --force-recreate
  [ "$(trained)" = "$first" ] || fail "an edited config did not reach the containers"
  start=$SECONDS
  compose down --volumes
  echo "$time: passed, $(echo "$first" | tr -s ' \n' ' '), down in $((SECONDS - start)) s"
done
