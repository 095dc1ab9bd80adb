import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awayCalls, type Call, hereCalls, nearCalls } from '../../../../src/sources/storage/local/calls.js';

const where = async (call: Call): Promise<string> =>
  call(
    () => 'here',
    async () => 'away',
  );

test('a storage that answers at once is called on the calling thread', async () => {
  const call = nearCalls(() => 0);
  for (let i = 0; i < 3; i++) assert.equal(await where(call), 'here');
  assert.equal(await where(hereCalls), 'here');
  assert.equal(await where(awayCalls), 'away');
});

test('after a slow call, failed or not, the next 768 are made elsewhere, then one is tried again', async () => {
  for (const slow of [() => 'slow', () => assert.fail('slow')]) {
    let time = 0;
    let step = 10;
    const call = nearCalls(() => {
      time += step;
      return time;
    });
    await (async () => call(slow, async () => 'away'))().catch(() => {});
    step = 0;
    for (let i = 0; i < 768; i++) assert.equal(await where(call), 'away');
    assert.equal(await where(call), 'here');
  }
});
