#!/usr/bin/env bash
# node-tests.sh FILE...: runs test files on the Node at hand, two more at once than there are processors, since most of a test waits.
# Files of which a test fails are run once more, one after the other: what misses a bound of time in a crowd alone is told, and what fails twice has failed.
set -euo pipefail
first=$(mktemp)
trap 'rm -f "$first"' EXIT
# A test that hangs fails after 20 minutes; the slowest takes 3.
tests() { node --test --test-reporter=tap --test-timeout=1200000 "$@"; }
tests --test-concurrency=$(($(nproc) + 2)) "$@" | tee "$first" && exit
printf '\n==> What failed on Node %s\n' "$(node --version)"
grep -E -A 12 '^ *not ok ' "$first" || true
mapfile -t again < <(sed -nE "s/^ *location: '(.*):[0-9]+:[0-9]+'\$/\1/p" "$first" | sort -u)
for file in "${again[@]}"; do
  case $file in
    *.test.js) ;;
    *) echo "$file failed, which is no test file to run again"; exit 1 ;;
  esac
done
[ ${#again[@]} -gt 0 ] || exit 1
printf '\n==> Once more, one after the other: %s\n' "${again[*]}"
tests --test-concurrency=1 "${again[@]}"
printf '\n==> Failed in the crowd, passed alone on Node %s: %s\n' "$(node --version)" "${again[*]}"
