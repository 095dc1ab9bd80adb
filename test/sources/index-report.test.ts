import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { reportLines } from '../../src/sources/index-report.js';
import { indexSource } from '../../src/sources/index-source.js';
import { loadManifest } from '../../src/sources/manifest/manifest-file.js';
import { tarOf, temporaryFolder, writeTree } from './tree.js';

test('a class that lost half is told aloud, and --strict refuses it without a manifest', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, {
    'train/cat/a.jpg': 1,
    'train/cat/.b.jpg': 1,
    'train/cat/notes.txt': 1,
    'train/dog/a.jpg': 1,
  });
  await symlink('/nowhere/b.jpg', join(root, 'train/dog/b.jpg'));
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  await assert.rejects(indexSource({ ...options, strict: true }), {
    reason: 'INDEX_INCOMPLETE',
    message: /dog\/b\.jpg/,
  });
  await assert.rejects(loadManifest(join(root, 'index/s.train.arrow')), { reason: 'NOT_INDEXED' });
  const { manifest, report } = await indexSource(options);
  assert.deepEqual(reportLines(report, 'class'), [
    'WARNING: 1 of 2 samples of class dog are lost',
    'left out 1 (links that lead nowhere): train/dog/b.jpg; fetch or mount what they lead to',
    'left out 1 (hidden: names that start with a dot, __MACOSX): train/cat/.b.jpg',
    'left out 1 (files without the suffix of an image): train/cat/notes.txt',
  ]);
  assert.equal(manifest.details.leftOut?.length, 3);
});

test('hidden files and what is no image are no losses, and a sound source says nothing of them', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'a/shards/.DS_Store': 1, 'b/x.jpg': 1, 'c/x.jpg': 1, 'c/.DS_Store': 1, 'c/x.txt': 1 });
  await writeTree(root, { 'a/shards/0.tar': await tarOf([['x.jpg', 'x']]) });
  for (const name of ['a', 'b', 'c']) {
    const path = join(root, name);
    const options = { name, path, split: 'train' as const, indexFolder: join(root, 'index') };
    const { manifest, report } = await indexSource({ ...options, strict: true });
    assert.deepEqual([report.losses, report.warnings, manifest.count], [[], [], 1]);
    // What is sound has the manifest that it had before anything was told of in it.
    if (name === 'b')
      assert.deepEqual(['leftOut' in manifest.details, 'followsLinks' in manifest.details], [false, false]);
  }
});

test('a damaged shard is refused under --strict, and many are named in a few lines', async (context) => {
  const root = await temporaryFolder(context);
  const whole = await tarOf([['x.jpg', 'x']]);
  for (let i = 0; i < 9; i++) await writeTree(root, { [`shards/${i}.tar`]: whole.subarray(0, 1024) });
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  await assert.rejects(indexSource({ ...options, strict: true }), {
    reason: 'INDEX_INCOMPLETE',
    message: /0\.tar: damaged/,
  });
  const lines = reportLines((await indexSource(options)).report, 'shard');
  assert.equal(lines.length, 6);
  assert.equal(lines.at(-1), 'WARNING: and 4 more like these');
});

test('where all shards are compressed, indexing says so by name', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'shards/0.tar.gz': 9, 'shards/1.tar.zst': 9 });
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  for (const layout of ['webdataset', undefined])
    await assert.rejects(indexSource({ ...options, layout }), {
      reason: 'SOURCE_EMPTY',
      message: /2 \(shards that do not end in \.tar\): (shards\/)?0\.tar\.gz, (shards\/)?1\.tar\.zst; unpack/,
    });
});
