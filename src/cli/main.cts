#!/usr/bin/env node
// libuv reads this once, when its first thread starts: before any module is loaded asynchronously. Decoding runs on these
// threads, so there must be one for every core; the rest serves file reads. Hence this file is CommonJS.
import os = require('node:os');

process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, os.availableParallelism() + 2));
void import('./program.js').then(({ run }) => run(process.argv));
