import assert from 'node:assert/strict';
import { test } from 'node:test';
import { windowOf } from '../../../src/sources/scan/window.js';

test('a window gives what is asked for, by few reads, and null beyond the end', async () => {
  const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251));
  let reads = 0;
  const bytesAt = windowOf({
    size: bytes.length,
    read: async (into, offset) => {
      reads++;
      return bytes.copy(into, 0, offset);
    },
    close: () => {},
  });
  for (const offset of [100, 104, 4000]) assert.deepEqual(await bytesAt(offset, 4), bytes.subarray(offset, offset + 4));
  assert.equal(reads, 1);
  assert.deepEqual(await bytesAt(9990, 10), bytes.subarray(9990));
  assert.equal(await bytesAt(9990, 11), null);
  assert.deepEqual(await bytesAt(10, 5000), bytes.subarray(10, 5010));
  assert.equal(await bytesAt(5001, 5000), null);
});
