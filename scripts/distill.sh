#!/usr/bin/env bash
# Distils a small student on seven sources, over two ranks, three times: undisturbed; killed and resumed; and with a replica
# killed every few seconds. All three must end with the same weights, to the bit.
#   scripts/distill.sh            six epochs
#   EPOCHS=40 scripts/distill.sh  longer
set -euo pipefail
. "$(dirname "$0")/setup.sh"
need_packages python3-torch python3-grpcio python3-numpy python3-protobuf
build

out=out/distill
epochs=${EPOCHS:-6}
main=dist/src/cli/main.cjs
declare -A pids=()
trainer=
trap 'kill -9 "${pids[@]}" 2>/dev/null || true; [ -z "$trainer" ] || kill -9 -- "-$trainer" 2>/dev/null || true' EXIT
trap 'exit 130' INT

# start NAME PORT COMMAND...: a server; `address NAME` waits until it serves.
start() {
  node $main "${@:3}" --config $out/tributary.yaml --listen "127.0.0.1:$2" >"$out/$1.log" &
  pids[$1]=$!
  disown
}
address() {
  local port=
  until port=$(sed -n 's/.*"port":\([0-9]*\),.*"msg":"serving".*/\1/p' "$out/$1.log") && [ -n "$port" ]; do
    kill -0 "${pids[$1]}" 2>/dev/null || { echo "$1 ended: see $out/$1.log" >&2; exit 1; }
    sleep 0.1
  done
  echo "127.0.0.1:$port"
}
# distil NAME: one training; its lines go to $out/NAME.txt.
distil() {
  PYTHONPATH=python/src /usr/bin/python3 python/examples/distill.py --run distil --epochs "$epochs" --ranks 2 \
    --loader "$loader" --schedule "$schedule" --out "$out/$1.pt" >>"$out/$1.txt"
}
# begin NAME: one training in the background, in a session of its own, so that its ranks die with it.
begin() {
  setsid bash -euc "$(declare -f distil); $(declare -p out epochs loader schedule); distil $1" &
  trainer=$!
}
steps() { grep -c ' loss ' "$out/$1.txt" 2>/dev/null || true; }
last() { grep ' loss ' "$out/$1.txt" | tail -1; }
weights() { sed -n 's/^weights //p' "$out/$1.txt"; }

say "Drawing and indexing a sample set of seven sources"
rm -rf $out
node dist/scripts/make-sample-set.js $out --images 240
cat >>$out/tributary.yaml <<END
  distil:
    recipe: dinov3
    sources: [imagenet, coco, objects365, gqa, flickr, dota, datacomp]
    sample_t: 0.5
    image_size: 64
    global_batch: 16
    epochs: $epochs
    wd_end: 0.2
END
node $main index --config $out/tributary.yaml >/dev/null 2>&1

say "Starting a schedule endpoint and three replicas"
start schedule 0 schedule
for i in 0 1 2; do start "replica-$i" 0 serve; done
schedule=$(address schedule)
targets=()
for i in 0 1 2; do targets+=("$(address "replica-$i")"); done
loader=$(IFS=,; echo "${targets[*]}")
echo "replicas at $loader, schedule at $schedule"

say "Undisturbed"
distil undisturbed
sed -n -e '/step 0 /p' -e '/weight decay/p' $out/undisturbed.txt

say "Killed 1, 2 and 3 seconds after its first step, and resumed each time"
: >$out/resumed.txt
for seconds in 1 2 3; do
  before=$(steps resumed)
  begin resumed
  while [ "$(steps resumed)" = "$before" ] && kill -0 "$trainer" 2>/dev/null; do sleep 0.1; done
  sleep "$seconds"
  kill -9 -- "-$trainer" 2>/dev/null || true
  wait "$trainer" 2>/dev/null || true
  echo "killed after $(last resumed)"
done
distil resumed

say "With a replica killed every few seconds, and started again"
: >$out/replicas.txt
begin replicas
turn=0
while sleep 3 && kill -0 "$trainer" 2>/dev/null; do
  name=replica-$((turn % 3))
  kill -9 "${pids[$name]}" 2>/dev/null || true
  start "$name" "${targets[turn % 3]##*:}" serve
  echo "killed $name after $(last replicas)"
  # On a busy machine a replica takes seconds to start: the next one is killed once this one serves.
  address "$name" >/dev/null
  turn=$((turn + 1))
done
wait "$trainer"
trainer=

say "Weights"
for name in undisturbed resumed replicas; do
  echo "$(weights "$name" | tail -1) $name"
  [ "$(weights "$name" | tail -1)" = "$(weights undisturbed)" ] || { echo "the weights of $name differ" >&2; exit 1; }
done
echo "Equal. The lines of each training are in $out"
