#!/usr/bin/env bash
# nemesis.sh: trainers of both clients against replicas that are killed, stopped, cut off and starved, for as long as it is told.
#   scripts/nemesis.sh --seed N --minutes M [--replicas 3] [--plan]     --plan prints the faults of that seed and does nothing
# Ends with 1 where a batch, an exit or a bound is not as it should be.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e dist/scripts/nemesis.js ] || npm run build --silent
exec node dist/scripts/nemesis.js "$@"
