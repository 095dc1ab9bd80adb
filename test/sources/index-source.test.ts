import assert from 'node:assert/strict';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../src/sources/index-source.js';
import { age, tarOf, temporaryFolder, writeTree } from './tree.js';

test('what is missing or empty is refused by name', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, {
    'empty/a.txt': 1,
    'shards-only/shards/0.tar': await tarOf([['a.txt', 'x']]),
    'torn/shards/0.tar': 700,
  });
  const index = (path: string) =>
    indexSource({ name: 's', path: join(root, path), split: 'train', indexFolder: join(root, 'index') });
  await assert.rejects(index('nowhere'), { reason: 'SOURCE_MISSING', message: /nowhere/ });
  await assert.rejects(index('empty'), { reason: 'SOURCE_EMPTY', message: /empty/ });
  await assert.rejects(index('shards-only'), { reason: 'SOURCE_EMPTY' });
  await assert.rejects(index('torn'), { reason: 'SHARD_INVALID', message: /0\.tar damaged at byte 0/ });
});

test('an interrupted indexing goes on from what it kept', async (context) => {
  const root = await temporaryFolder(context);
  const paths = [0, 1].map((i) => join(root, `shards/${i}.tar`));
  await writeTree(root, { 'shards/readme.txt': 1 });
  for (const [i, path] of paths.entries()) await writeFile(path, await tarOf([[`${i}.jpg`, `image ${i}`]]));
  await age(...paths);
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest, report } = await indexSource(options);
  await rename(report.manifestPath, `${report.manifestPath}.partial-1`);
  const again = await indexSource(options);
  assert.equal(again.report.reusedShards, 2);
  assert.equal(again.manifest.fingerprint, manifest.fingerprint);
  assert.deepEqual(await readdir(options.indexFolder), ['s.train.arrow']);
});
