#!/bin/bash
# node.sh TORCHRUN-ARGUMENTS...   one replica on this node, and torchrun beside it; the same line on every node, as torchrun itself
#
# The trainer finds its replica in TRIBUTARY_ADDRESS, and the schedule in TRIBUTARY_SCHEDULE, which the first node serves:
# name it there (TRIBUTARY_SCHEDULE=first-node:50050) or leave it out on a machine alone. The replica ends with torchrun.
#
#   TRIBUTARY_CONFIG   the config
#   TRIBUTARY          how the command line is started (tributary)
#   TRIBUTARY_CPUS     the CPUs for the replica; leave the trainer some
set -euo pipefail
: "${TRIBUTARY_CONFIG:?set it to the config}" "${1:?arguments of torchrun}"
export TRIBUTARY_CONFIG TRIBUTARY_ADDRESS=127.0.0.1:${TRIBUTARY_PORT:-50051}
tributary=${TRIBUTARY:-tributary}
servers=()
trap 'kill -TERM "${servers[@]}" 2>/dev/null; wait' EXIT
$tributary serve --listen "$TRIBUTARY_ADDRESS" >replica.log 2>&1 & servers+=($!)
if [ -z "${TRIBUTARY_SCHEDULE:-}" ]; then
  export TRIBUTARY_SCHEDULE=127.0.0.1:50050
  $tributary schedule --listen "$TRIBUTARY_SCHEDULE" >schedule.log 2>&1 & servers+=($!)
fi
${TORCHRUN:-torchrun} "$@"
