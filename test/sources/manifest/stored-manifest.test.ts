import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('the fingerprint is SHA-256 over keys and sizes, wherever the source is', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'one/ä.jpg': 3, 'one/b/c.png': 70000 });
  const index = (path: string) =>
    indexSource({ name: 's', path: join(root, path), split: 'train', indexFolder: join(root, `${path}-index`) });
  const first = await index('one');
  const hash = createHash('sha256');
  for (const [key, size] of [
    ['b/c.png', 70000],
    ['ä.jpg', 3],
  ] as const) {
    const numbers = Buffer.alloc(12);
    numbers.writeUInt32LE(Buffer.byteLength(key), 0);
    numbers.writeUInt32LE(size, 4);
    hash.update(numbers.subarray(0, 4)).update(key).update(numbers.subarray(4));
  }
  assert.equal(first.manifest.fingerprint, hash.digest('hex'));
  await rename(join(root, 'one'), join(root, 'two'));
  assert.equal((await index('two')).manifest.fingerprint, first.manifest.fingerprint);
  await writeTree(root, { 'two/b/c.png': 70001 });
  assert.notEqual((await index('two')).manifest.fingerprint, first.manifest.fingerprint);
});
