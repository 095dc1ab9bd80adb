import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../src/sources/index-source.js';
import { locateSource } from '../../src/sources/layouts.js';
import type { Layout } from '../../src/sources/manifest/manifest.js';
import { tarOf, temporaryFolder, writeTree } from './tree.js';

test('a layout is found by looking, in the order shards, images/train2017, train with classes, flat', async (context) => {
  const root = await temporaryFolder(context);
  const steps: [Record<string, number>, string, string][] = [
    [{ 'x/a.jpg': 1 }, 'flat', ''],
    [{ 'train/a.jpg': 1 }, 'flat', 'train'],
    [{ 'train/cat/a.jpg': 1 }, 'imagenet', 'train'],
    [{ 'images/train2017/a.jpg': 1 }, 'coco', 'images/train2017'],
    [{ 'shards/00000.tar': 0 }, 'webdataset', 'shards'],
  ];
  for (const [files, name, folder] of steps) {
    await writeTree(root, files);
    const { layout, place } = await locateSource({ name: 's', path: root, split: 'train' });
    assert.deepEqual([layout.name, place], [name, { root, folder }]);
  }
});

test('the validation split is found beside the training split, or refused', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, {
    'imagenet/train/cat/a.jpg': 1,
    'imagenet/val/cat/b.jpg': 2,
    'coco/images/train2017/a.jpg': 1,
    'coco/images/val2017/b.jpg': 2,
    'web/shards/0.tar': 0,
    'web/val/shards/0.tar': 0,
    'train/paired/train/a.jpg': 1,
    'train/paired/val/b.jpg': 2,
    'plain/a.jpg': 1,
    'half/train/a.jpg': 1,
  });
  const val = async (path: string, layout?: Layout) =>
    (await locateSource({ name: 's', path: join(root, path), layout, split: 'val' })).place;
  assert.deepEqual(await val('imagenet'), { root: join(root, 'imagenet'), folder: 'val' });
  assert.deepEqual(await val('imagenet/train', 'imagenet'), { root: join(root, 'imagenet/val'), folder: '' });
  assert.deepEqual(await val('coco'), { root: join(root, 'coco'), folder: 'images/val2017' });
  assert.deepEqual(await val('web'), { root: join(root, 'web'), folder: 'val/shards' });
  assert.deepEqual(await val('train/paired/train'), { root: join(root, 'train/paired/val'), folder: '' });
  for (const path of ['plain', 'half'])
    await assert.rejects(val(path), { reason: 'SOURCE_MISSING', message: /the val split of source s/ });
});

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
