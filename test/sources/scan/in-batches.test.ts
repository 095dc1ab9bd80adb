import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBatches } from '../../../src/sources/scan/in-batches.js';

test('values are mapped in their order, at most 64 at a time', async () => {
  let underWay = 0;
  let most = 0;
  const values = Array.from({ length: 200 }, (_, i) => i);
  const results = await inBatches(values, async (value) => {
    most = Math.max(most, ++underWay);
    await new Promise(setImmediate);
    underWay--;
    return 2 * value;
  });
  assert.deepEqual(
    results,
    values.map((value) => 2 * value),
  );
  assert.equal(most, 64);
});
