import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('class folders are labelled as ImageFolder labels them', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, {
    'train/b/x.jpg': 1,
    'train/B/y.jpg': 2,
    'train/a/deep/z.jpg': 3,
    'train/loose.jpg': 4,
    'train/empty/x.txt': 1,
  });
  const { manifest } = await indexSource({ name: 's', path: root, split: 'train', indexFolder: join(root, 'index') });
  assert.deepEqual(manifest.classNames, ['B', 'a', 'b']);
  const labels = Object.fromEntries(
    Array.from({ length: manifest.count }, (_, i) => [manifest.key(i), manifest.label(i)]),
  );
  assert.deepEqual(labels, {
    'train/B/y.jpg': { index: 0, name: 'B' },
    'train/a/deep/z.jpg': { index: 1, name: 'a' },
    'train/b/x.jpg': { index: 2, name: 'b' },
    'train/loose.jpg': null,
  });
});
