#!/usr/bin/env bash
# Installs what the tests need, builds, checks the contract and the code's form, and runs all tests.
set -euo pipefail
. "$(dirname "$0")/setup.sh"
need_packages python3-torch python3-torchvision python3-pil python3-grpcio python3-numpy python3-protobuf chromium-common iproute2 dnsmasq-base libjpeg-turbo-progs nginx-light radosgw ceph-mon ceph-osd
build
say "Checking the contract (buf), the code's form (biome) and what nobody uses (knip)"
npx --no-install buf lint
npx --no-install buf format -d --exit-code
npx --no-install biome check --error-on-warnings .
bash scripts/lint-assembly.sh
npx --no-install knip
say "Checking the Python package (ruff and pyright)"
node dist/scripts/lint-python.js
say "Testing the Python package"
(cd python && PYTHONPATH=src /usr/bin/python3 -m unittest discover -s tests -t . -v 2>&1) || python_failed=1
bash scripts/other-nodes.sh 22 24 || others_failed=1
say "Testing the rest, on Node $(node --version)"
mapfile -t tests < <(find dist/test -name '*.test.js' | sort)
# A test that hangs fails after 20 minutes; the slowest takes 3.
node --test --test-concurrency=2 --test-timeout=1200000 "${tests[@]}" || exit 1
exit $((${python_failed:-0} | ${others_failed:-0}))
