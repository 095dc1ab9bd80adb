import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webdataset } from '../../../src/sources/layouts/webdataset.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('webdataset is found by shards/, and takes shards that lie in the folder itself where it is given', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'x/train/0.tar': 1, 'x/val/0.tar': 1 });
  const [train, val] = [`${root}/x/train`, `${root}/x/val`];
  assert.equal(await webdataset.find(train), false);
  assert.deepEqual(await webdataset.locate(train, 'train'), { root: train, folder: '' });
  assert.deepEqual(await webdataset.locate(train, 'val'), { root: val, folder: '' });
});
