#!/usr/bin/env bash
# fuzz.sh: gives every parser of what others wrote damaged files and texts, from a seed, and writes down what was not foreseen.
#   scripts/fuzz.sh [jpeg|png|gif|bmp|tiff|webp|tar|manifest|cache|cursor|run|request ...] [--executions N] [--seconds S] [--seed N]
# Ends with 1 where a parser does anything but read or refuse; what led to it lies in fuzz-TARGET-N.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e dist/scripts/fuzz.js ] || npm run build --silent
exec node dist/scripts/fuzz.js "$@"
