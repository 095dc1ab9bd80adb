import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flat } from '../../../src/sources/layouts/flat.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('flat takes train/ where there is one, and val/ only beside it', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'a.jpg': 1, 'val/b.jpg': 1 });
  assert.deepEqual(await flat.locate(root, 'train'), { root, folder: '' });
  assert.equal(await flat.locate(root, 'val'), null);
  await writeTree(root, { 'train/c.jpg': 1 });
  assert.deepEqual(await flat.locate(root, 'train'), { root, folder: 'train' });
  assert.deepEqual(await flat.locate(root, 'val'), { root, folder: 'val' });
});
