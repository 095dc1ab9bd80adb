import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('a split folder that is itself a link is followed', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'elsewhere/a.jpg': 5 });
  await writeTree(root, { 'coco/images/readme.txt': 1 });
  await symlink(join(root, 'elsewhere'), join(root, 'coco/images/train2017'));
  const { manifest } = await indexSource({
    name: 's',
    path: join(root, 'coco'),
    split: 'train',
    indexFolder: join(root, 'index'),
  });
  assert.equal(manifest.key(0), 'images/train2017/a.jpg');
  assert.equal(manifest.location(0).root, join(root, 'coco/images/train2017'));
});
