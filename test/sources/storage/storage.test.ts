import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill } from '../../../src/sources/storage/storage.js';

test('bytes that come in pieces are put together, up to the end of the file', async () => {
  const content = Buffer.from('0123456789');
  const read = async (into: Uint8Array, offset: number) => content.copy(into.subarray(0, 3), 0, offset);
  const file = { size: 10, read, close() {} };
  const into = Buffer.alloc(7);
  assert.equal(await fill(file, into, 2), 7);
  assert.equal(into.toString(), '2345678');
  assert.equal(await fill(file, into, 6), 4);
});
