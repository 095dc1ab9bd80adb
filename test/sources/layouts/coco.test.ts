import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coco } from '../../../src/sources/layouts/coco.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('coco is found by its training images, and each split is its folder', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'images/val2017/a.jpg': 1 });
  assert.equal(await coco.find(root), false);
  assert.equal(await coco.locate(root, 'train'), null);
  assert.deepEqual(await coco.locate(root, 'val'), { root, folder: 'images/val2017' });
});
