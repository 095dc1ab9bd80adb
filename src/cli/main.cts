#!/usr/bin/env node
import cpus = require('./cpus.cjs');
import v8 = require('node:v8');

// What gRPC would write itself comes back as an error as well, and is told once, in this project's words.
process.env.GRPC_VERBOSITY ??= 'NONE';
// gRPC names servers by address where they have no name, which Node has plans with. Users can do nothing about it.
process.noDeprecation = true;
// Tensors on their way count as the heap's growth, and 10 MB of them a batch would have the collector mark this small
// heap again for every batch or two: a sixth of a replica's CPU time. With room for five times the heap it seldom does.
v8.setFlagsFromString('--heap-growing-percent=400');
try {
  // libuv reads this once, when its first thread starts: before any module is loaded asynchronously. These threads wait for
  // storage. Hence this file is CommonJS.
  process.env.UV_THREADPOOL_SIZE ??= String(4 + 8 * cpus());
  void import('./program.js').then(({ run }) => run(process.argv));
} catch (error) {
  process.stderr.write(`tributary: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
