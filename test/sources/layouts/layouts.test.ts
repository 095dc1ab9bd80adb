import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { locateSource } from '../../../src/sources/layouts/layouts.js';
import { temporaryFolder, writeTree } from '../tree.js';

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
    assert.deepEqual([layout.name, place.root, place.folder], [name, root, folder]);
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
  const val = async (path: string, layout?: string) =>
    (await locateSource({ name: 's', path: join(root, path), layout, split: 'val' })).place;
  const followsFolders = true;
  assert.deepEqual(await val('imagenet'), { root: join(root, 'imagenet'), folder: 'val', followsFolders });
  assert.deepEqual(await val('imagenet/train', 'imagenet'), {
    root: join(root, 'imagenet/val'),
    folder: '',
    followsFolders,
  });
  assert.deepEqual(await val('coco'), { root: join(root, 'coco'), folder: 'images/val2017' });
  assert.deepEqual(await val('web'), { root: join(root, 'web'), folder: 'val/shards' });
  assert.deepEqual(await val('train/paired/train'), { root: join(root, 'train/paired/val'), folder: '' });
  for (const path of ['plain', 'half'])
    await assert.rejects(val(path), { reason: 'SOURCE_MISSING', message: /the val split of source s/ });
});

test('a layout or a storage that there is not is refused with those that there are', async (context) => {
  const path = await temporaryFolder(context);
  const locate = (path: string, layout: string) => locateSource({ name: 's', path, layout, split: 'train' });
  await assert.rejects(locate(path, 'coc'), {
    reason: 'CONFIG_INVALID',
    message: /sources\.s\.layout.*nearest names? (is|are) coco/,
  });
  await assert.rejects(locate('ftp://host/images', 'flat'), {
    reason: 'CONFIG_INVALID',
    message: /starts with file:/,
  });
});
