#!/usr/bin/env bash
# fuzz.sh: gives every parser of what others wrote damaged files and texts, from a seed, and writes down what was not foreseen.
#   scripts/fuzz.sh [TARGET ...] [--executions N] [--seconds S] [--seed N] [--keep]
# Targets are the names in the table that it prints, all unless some are named. Each has a million executions, or as many as come in S
# seconds. --keep writes the mutants that reached new branches to test/vectors/seeds, where the next run begins.
# Ends with 1 where a parser does anything but read or refuse; what led to it lies in fuzz-TARGET-N, or in fuzz-endless.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e dist/scripts/fuzz.js ] || npm run build --silent
exec node dist/scripts/fuzz.js "$@"
