import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexedSamples, startServer } from '../fleet.js';

test('a signal lets a server drain, and it ends with 0', async (t) => {
  const config = await indexedSamples(t);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const server = await startServer(t, 'schedule', ['--config', config]);
    assert.equal(await server.stop(signal), 0);
    const [draining, drained] = server.log.slice(-2);
    assert.deepEqual([draining!.msg, draining!.signal, drained!.msg], ['draining', signal, 'drained']);
  }
});
