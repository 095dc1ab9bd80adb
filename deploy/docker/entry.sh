#!/bin/sh
# Starts one command of Tributary, after setting what has to be set before Node.js starts.
#
#   TRIBUTARY_CPUS       the CPUs to count on; unless given, those that this container may use
#   UV_THREADPOOL_SIZE   threads that wait for storage, four for every CPU and four more; they also run libvips
#   TRIBUTARY_MALLOC     jemalloc (default), or malloc for glibc's own with two arenas
set -eu

# The CPUs that this container may use: nproc knows a CPU set, but not a quota.
cpus() {
  count=$(nproc)
  if [ -r "${CGROUP_CPU_MAX:=/sys/fs/cgroup/cpu.max}" ]; then
    read -r quota period <"$CGROUP_CPU_MAX"
    if [ "$quota" != max ]; then
      limit=$(((quota + period - 1) / period))
      [ "$limit" -ge "$count" ] || count=$limit
    fi
  fi
  echo "$count"
}

if [ -z "${UV_THREADPOOL_SIZE:-}" ]; then
  UV_THREADPOOL_SIZE=$((4 * ${TRIBUTARY_CPUS:-$(cpus)} + 4))
fi
export UV_THREADPOOL_SIZE

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

exec node "${TRIBUTARY_MAIN:-/app/dist/src/cli/main.cjs}" "$@"
