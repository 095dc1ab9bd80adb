import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Split } from '../../../src/sources/layouts/layout.js';
import { locateSource } from '../../../src/sources/layouts/layouts.js';
import { parquet } from '../../../src/sources/layouts/parquet.js';
import { listShards } from '../../../src/sources/scan/shards.js';
import { temporaryFolder, writeTree } from '../tree.js';

async function shardsOf(root: string, split: Split): Promise<string[] | null> {
  const place = await parquet.locate(root, split);
  if (place === null) return null;
  const { shards } = await listShards(place);
  return shards.map(({ name }) => `${place.folder}/${name}`);
}

test('Parquet files are found in data/ or in the folder, and their splits by their names or folders', async (context) => {
  const root = await temporaryFolder(context);
  const hub = ['train-00000-of-00002', 'train-00001-of-00002', 'validation-00000-of-00001', 'test-00000-of-00001'];
  await writeTree(root, Object.fromEntries(hub.map((name) => [`hub/data/${name}.parquet`, 1])));
  await writeTree(root, {
    'plain/0.parquet': 1,
    'plain/valley.parquet': 1,
    'plain/.x.parquet': 1,
    'plain/README.md': 1,
  });
  await writeTree(root, { 'split/train/0.parquet': 1, 'split/val/0.parquet': 1 });
  // A table beside images is no source.
  await writeTree(root, {
    'images/a.jpg': 1,
    'images/metadata.parquet': 1,
    'folders/c/a.jpg': 1,
    'folders/t.parquet': 1,
  });
  const found = ['hub', 'plain', 'split/train', 'images', 'folders'].map((name) => parquet.find(`${root}/${name}`));
  assert.deepEqual(await Promise.all(found), [true, true, true, false, false]);
  const { layout } = await locateSource({ name: 's', path: `${root}/hub`, split: 'train' });
  assert.equal(layout, parquet);
  assert.deepEqual(
    await shardsOf(`${root}/hub`, 'train'),
    hub.slice(0, 2).map((name) => `data/${name}.parquet`),
  );
  assert.deepEqual(await shardsOf(`${root}/hub`, 'val'), [`data/${hub[2]}.parquet`]);
  assert.deepEqual(await shardsOf(`${root}/plain`, 'train'), ['/0.parquet', '/valley.parquet']);
  assert.equal(await shardsOf(`${root}/plain`, 'val'), null);
  assert.deepEqual(await shardsOf(`${root}/split/train`, 'val'), ['/0.parquet']);
});
