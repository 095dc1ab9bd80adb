import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { storageReader } from '../../src/cache/storage-reader.js';
import { lookupOf } from './lookups.js';

test('the last reader gives the file’s bytes, and has nothing to say', async () => {
  const path = fileURLToPath(new URL('../../../test/vectors/images/tiny.png', import.meta.url));
  const file = await readFile(path);
  const lookup = lookupOf(path, file);
  const { bytes, end } = await storageReader(lookup);
  assert.ok(bytes.equals(file));
  await end();
  assert.deepEqual(lookup.news, []);
  await assert.rejects(storageReader(lookupOf(`${path}.gone`, file)), /tiny\.png\.gone/);
});
