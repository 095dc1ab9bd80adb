#!/usr/bin/env bash
# The main job, end to end: seven sources, one schedule endpoint, two replicas, a trainer fed for two epochs.
#   scripts/demo.sh            on a sample set that it draws
#   scripts/demo.sh FOLDER     on a folder whose subfolders are sources
set -euo pipefail
folder=${1:+$(cd "$1" && pwd)}
. "$(dirname "$0")/setup.sh"
build
exec node dist/scripts/demo.js ${folder:+"$folder"}
