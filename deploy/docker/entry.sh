#!/bin/sh
# Starts one command of Tributary, after setting what has to be set before Node.js starts; without a command, a replica of
# drawn pictures.
#
#   TRIBUTARY_MALLOC     jemalloc (default), or malloc for glibc's own with two arenas
set -eu
app=${TRIBUTARY_APP:-/app}

case "${TRIBUTARY_MALLOC:-jemalloc}" in
  jemalloc)
    for library in /usr/lib/*/libjemalloc.so.2; do
      if [ -e "$library" ]; then
        export LD_PRELOAD="$library${LD_PRELOAD:+:$LD_PRELOAD}"
      fi
    done
    ;;
  malloc) export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}" ;;
  *)
    echo "expected TRIBUTARY_MALLOC to be jemalloc or malloc, but got $TRIBUTARY_MALLOC. Set it to one of the two." >&2
    exit 2
    ;;
esac

if [ $# -eq 0 ]; then
  demo=$(mktemp -d)
  echo "tributary: no command was given, so this serves drawn pictures by the run demo; give one for your own, as in: serve --help" >&2
  node "$app/dist/scripts/make-sample-set.js" "$demo/data" >&2
  sed "s|: /var/lib/tributary|: $demo/index|; s|: /data/|: $demo/data/|" "$app/deploy/docker/tributary.yaml" >"$demo/tributary.yaml"
  set -- serve --config "$demo/tributary.yaml" --index-missing --listen 0.0.0.0:50051 --metrics-listen 0.0.0.0:9464 --insecure
fi

exec node "${TRIBUTARY_MAIN:-$app/dist/src/cli/main.cjs}" "$@"
