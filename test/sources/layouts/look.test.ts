import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasFolders, hasShards, isFolder, isShardName, swappedPlace } from '../../../src/sources/layouts/look.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('looking at what is not there, or is a file, sees nothing', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'a/b/0.tar': 1 });
  const seen = async (path: string) => [isFolder, hasFolders, hasShards].map((look) => look(`${root}/${path}`));
  assert.deepEqual(await Promise.all(await seen('a')), [true, true, false]);
  assert.deepEqual(await Promise.all(await seen('a/b')), [true, false, true]);
  for (const path of ['a/b/0.tar', 'none'])
    assert.deepEqual(await Promise.all(await seen(path)), [false, false, false]);
  assert.deepEqual(['0.tar', '.0.tar', '0.tgz'].map(isShardName), [true, false, false]);
});

test('the last train component is swapped, of a URL too', () => {
  assert.deepEqual(swappedPlace('/train/x/train/y', 'f'), { root: '/train/x/val/y', folder: 'f' });
  assert.deepEqual(swappedPlace('s3://b/train', ''), { root: 's3://b/val', folder: '' });
  assert.equal(swappedPlace('/training/x', ''), null);
});
