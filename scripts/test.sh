#!/usr/bin/env bash
# Installs what the tests need, builds, checks the contract and the code's form, and runs all tests.
#   scripts/test.sh            everything
#   scripts/test.sh --fast     the part for after each change: form, and the tests of rooms that start no server and no device
set -euo pipefail
case ${1:-} in
  "" | --fast) ;;
  *) echo "expected --fast or nothing, but got $1: see the head of $0" >&2; exit 2 ;;
esac
. "$(dirname "$0")/setup.sh"
check_form() {
  say "Checking the contract (buf), the code's form (biome) and what nobody uses (knip)"
  npx --no-install buf lint
  npx --no-install buf format -d --exit-code
  npx --no-install biome check --error-on-warnings .
  bash scripts/lint-assembly.sh
  npx --no-install knip
  say "Checking the Python package (ruff and pyright)"
  node dist/scripts/lint-python.js
}
if [ "${1:-}" = --fast ]; then
  build
  check_form
  say "Testing the rooms that start no server and no device"
  mapfile -t tests < <(find dist/test/{contract,decode,memory,plan,run,runs,sample,schedule,sources} dist/test/augment/{operations,simd} dist/test/*.test.js -name '*.test.js' | sort)
  exec node --test --test-concurrency=2 --test-timeout=120000 "${tests[@]}"
fi
need_packages python3-torch python3-torchvision python3-pytest python3-pytest-xdist python3-pil python3-grpcio python3-numpy python3-protobuf chromium-common iproute2 dnsmasq-base libjpeg-turbo-progs openssl nginx-light radosgw ceph-mon ceph-osd
build
check_form
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
say "Testing the Python package"
# Most of a test waits for servers and trainers: more of them at once than there are processors.
at_once=$(($(nproc) + 1))
(cd python && PYTHONPATH=src /usr/bin/python3 -m pytest -p no:cacheprovider -n "$at_once" --dist loadfile -q -rfEs --durations=10 tests 2>&1) | tee "$results/python" || failed=1
bash scripts/other-nodes.sh 22 24 2>&1 | tee "$results/other-nodes" || failed=1
say "Testing the rest, on Node $(node --version)"
mapfile -t tests < <(find dist/test -name '*.test.js' | sort)
# A test that hangs fails after 20 minutes; the slowest takes 3.
node --test --test-reporter=tap --test-concurrency="$at_once" --test-timeout=1200000 "${tests[@]}" | tee "$results/node" || failed=1
[ -n "${failed:-}" ] || exit 0
# What failed is an hour's output away from the end: said once more, where it is looked for.
say "What failed"
grep -E '^(FAILED|ERROR) ' "$results/python" || true
grep -E -A 12 '^ *not ok ' "$results/other-nodes" "$results/node" | sed "s|^$results/||" || true
exit 1
