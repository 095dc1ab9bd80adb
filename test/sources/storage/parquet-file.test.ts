import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parquetFile } from '../../../src/sources/storage/parquet-file.js';

test('slices are of a buffer of their own, and one beyond the end is refused', async () => {
  const bytes = Buffer.from('parquet');
  const file = parquetFile({ size: 7, read: async (into, offset) => bytes.copy(into, 0, offset), close: () => {} });
  assert.equal(file.byteLength, 7);
  assert.equal(Buffer.from(await file.slice(3)).toString(), 'quet');
  assert.equal((await file.slice(1, 3)).byteLength, 2);
  await assert.rejects(async () => file.slice(5, 9), /the end of the file after 7 bytes/);
});
