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
python_tests() { (cd python && PYTHONPATH=src /usr/bin/python3 -m pytest -o cache_dir="$results/pytest" -q -rfEs "$@" tests 2>&1); }
# Most of a test waits for servers and trainers: more of them at once than there are processors. What fails is run once more, alone.
python_tests -n $(($(nproc) + 2)) --dist loadfile --durations=10 | tee "$results/python" ||
  { say "Once more, one after the other, what failed" && python_tests --last-failed --last-failed-no-failures none; } | tee "$results/python-again" || failed=1
bash scripts/other-nodes.sh 22 24 2>&1 | tee "$results/other-nodes" || failed=1
say "Testing the rest, on Node $(node --version)"
mapfile -t tests < <(find dist/test -name '*.test.js' | sort)
bash scripts/node-tests.sh "${tests[@]}" 2>&1 | tee "$results/node" || failed=1
# What failed, be it once, is an hour's output away from the end: said again where it is looked for.
summary=$(grep -hE '^(FAILED|ERROR) |^ *not ok |passed alone|^=+ .*(failed|error)' "$results"/python* "$results/other-nodes" "$results/node" || true)
[ -z "$summary" ] || { say "What failed"; printf '%s\n' "$summary"; }
exit "${failed:-0}"
