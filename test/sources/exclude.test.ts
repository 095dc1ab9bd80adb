import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { indexSource } from '../../src/sources/index-source.js';
import { openSource } from '../../src/sources/open-source.js';
import { temporaryFolder, writeTree } from './tree.js';

async function indexed(context: TestContext) {
  const root = await temporaryFolder(context);
  await writeTree(join(root, 'data'), { 'train/a/1.jpg': 1, 'train/a/2.jpg': 2, 'train/b/3.jpg': 3, 'val/a/4.jpg': 4 });
  const options = { name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: join(root, 'index') };
  await indexSource(options);
  await indexSource({ ...options, split: 'val' });
  return { root, options };
}

test('keys, given or in a file, are excluded and stay in the manifest; those of the other split are its', async (context) => {
  const { root, options } = await indexed(context);
  const exclude = ['train/a/2.jpg', 'val/a/4.jpg'];
  const manifest = await openSource({ ...options, exclude });
  assert.deepEqual([manifest.count, [...manifest.excluded!]], [3, [1]]);
  await writeFile(join(root, 'keys.txt'), 'train/b/3.jpg\r\n\ntrain/a/1.jpg\n');
  const other = await openSource({ ...options, exclude: join(root, 'keys.txt') });
  assert.deepEqual([...other.excluded!].sort(), [0, 2]);
});

test('a key that is nowhere, a file that is not there and an exclusion of everything are refused', async (context) => {
  const { root, options } = await indexed(context);
  const opening = (exclude: string | string[], split: 'train' | 'val' = 'train') =>
    openSource({ ...options, split, exclude });
  await assert.rejects(opening(['train/a/9.jpg']), {
    reason: 'UNKNOWN_KEY',
    message: /got train\/a\/9\.jpg.*train\/a\/1\.jpg/,
  });
  await assert.rejects(opening(join(root, 'none.txt')), { reason: 'SOURCE_UNREADABLE' });
  await assert.rejects(opening(['val/a/4.jpg'], 'val'), { reason: 'SOURCE_EMPTY', message: /not excluded/ });
});
