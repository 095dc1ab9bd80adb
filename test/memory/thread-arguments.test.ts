import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { threadArguments } from '../../src/memory/thread-arguments.js';

test('a thread takes no module by `require`, so that it may be ended while it loads', async () => {
  const load = `
    const { parentPort } = require('node:worker_threads');
    try { require(${JSON.stringify(new URL('../../src/errors.js', import.meta.url).pathname)}); parentPort.postMessage('taken'); }
    catch ({ code }) { parentPort.postMessage(code); }`;
  const thread = new Worker(load, { eval: true, execArgv: [...threadArguments] });
  assert.deepEqual(await once(thread, 'message'), ['ERR_REQUIRE_ESM']);
  await thread.terminate();
});
