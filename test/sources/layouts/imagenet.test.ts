import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type IndexOptions, indexSource } from '../../../src/sources/index-source.js';
import { openSource } from '../../../src/sources/open-source.js';
import { readSample } from '../../../src/sources/storage/read-sample.js';
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

/** The classes of torchvision's ImageFolder, and the class index of each sample by its path below `train/`. */
function imageFolder(root: string): { classes: string[]; labels: Record<string, number> } {
  const program = `
import json, os, sys
from torchvision.datasets import ImageFolder
root = os.path.join(sys.argv[1], 'train'); folder = ImageFolder(root)
print(json.dumps({'classes': folder.classes, 'labels': {os.path.relpath(path, root): label for path, label in folder.samples}}))`;
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', program, root], { encoding: 'utf8' }));
}

/** The same of an index. */
async function indexed(root: string, options: Partial<IndexOptions> = {}): Promise<ReturnType<typeof imageFolder>> {
  const { manifest } = await indexSource({
    ...{ name: 's', path: root, split: 'train', indexFolder: `${root}.index` },
    ...options,
  });
  for (let i = 0; i < manifest.count; i++)
    assert.equal((await readSample(manifest.location(i))).length, manifest.size(i));
  const labels = Array.from({ length: manifest.count }, (_, i) => [
    manifest.key(i).slice('train/'.length),
    manifest.label(i)!.index,
  ]);
  return { classes: [...manifest.classNames], labels: Object.fromEntries(labels) };
}

test('links are followed as ImageFolder follows them, and labels are its own', async (context) => {
  const base = await temporaryFolder(context);
  const root = join(base, 'data');
  await writeTree(root, {
    'pool/n01/a.jpg': 1,
    'pool/n01/deep/b.png': 2,
    'pool/n03/c.jpg': 3,
    'train/n02/d.jpg': 4,
    'train/n04/e.jpg': 5,
    'train/n04/more/f.jpg': 6,
  });
  await symlink('../pool/n01', join(root, 'train/n01'));
  await symlink('n02', join(root, 'train/n05'));
  await symlink(join(root, 'pool/n03'), join(root, 'train/n03'));
  await symlink('../../n02', join(root, 'train/n04/more/linked'));
  await symlink('../../pool/n03/c.jpg', join(root, 'train/n04/g.jpg'));
  const expected = imageFolder(root);
  assert.deepEqual(expected.classes, ['n01', 'n02', 'n03', 'n04', 'n05']);
  assert.equal(expected.labels['n04/more/linked/d.jpg'], 3);
  assert.deepEqual(await indexed(root), expected);
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: `${root}.index` };
  assert.equal((await openSource(options)).count, 9);
  await writeTree(root, { 'pool/n01/new.jpg': 1 });
  await assert.rejects(openSource(options), { reason: 'SOURCE_CHANGED', message: /1 added \(train\/n01\/new\.jpg\)/ });
});

test('a split of nothing but linked class folders is one of class folders', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'all/cat/a.jpg': 1, 'all/dog/b.jpg': 2, 'train/readme.txt': 1 });
  for (const name of ['cat', 'dog']) await symlink(`../all/${name}`, join(root, 'train', name));
  assert.deepEqual(await indexed(root), imageFolder(root));
});

test('a link that leads in a circle is followed once, as far as it has news', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'train/a/x.jpg': 1, 'train/b/y.jpg': 2 });
  await symlink('../b', join(root, 'train/a/to-b'));
  await symlink('../a', join(root, 'train/b/to-a'));
  await symlink('.', join(root, 'train/b/self'));
  const { labels } = await indexed(root);
  assert.deepEqual(labels, { 'a/to-b/y.jpg': 0, 'a/x.jpg': 0, 'b/to-a/x.jpg': 1, 'b/y.jpg': 1 });
});

test('a class folder outside of the source is an error, not a shift of labels, until the config allows it', async (context) => {
  const base = await temporaryFolder(context);
  const root = join(base, 'data');
  await writeTree(base, { 'data/train/b/x.jpg': 1, 'outside/a/y.jpg': 2, 'other/z.jpg': 3 });
  await symlink(join(base, 'outside/a'), join(root, 'train/a'));
  await assert.rejects(indexed(root), {
    reason: 'INDEX_INCOMPLETE',
    message: /class folder of source s.*train\/a.*sources\.s\.follow_links/,
  });
  await assert.rejects(indexed(root, { followLinks: [join(base, 'other')] }), { reason: 'INDEX_INCOMPLETE' });
  const expected = imageFolder(root);
  for (const followLinks of [true as const, [join(base, 'other'), join(base, 'outside')]]) {
    assert.deepEqual(await indexed(root, { followLinks }), expected);
    const open = { name: 's', path: root, split: 'train' as const, indexFolder: `${root}.index` };
    assert.equal((await openSource({ ...open, followLinks })).count, 2);
    await assert.rejects(openSource(open), { reason: 'NOT_INDEXED', message: /without its follow_links/ });
  }
});

const lostClasses: Record<string, (train: string) => Promise<unknown>> = {
  'a name that is not UTF-8': (train) => mkdir(Buffer.concat([Buffer.from(`${train}/a`), Buffer.from([0xff])])),
  'links out of the source alone': async (train) => {
    await mkdir(`${train}/a`);
    await symlink('/etc/hostname', `${train}/a/x.jpg`);
  },
  'images of a format that is not read': (train) => writeTree(train, { 'a/x.avif': 1 }),
};

for (const [what, make] of Object.entries(lostClasses))
  test(`a class folder that ImageFolder counts is an error: ${what}`, async (context) => {
    const root = await temporaryFolder(context);
    await writeTree(root, { 'train/b/x.jpg': 1 });
    await make(join(root, 'train'));
    await assert.rejects(indexed(root), { reason: 'INDEX_INCOMPLETE', message: /every class folder of source s/ });
  });

test('the links of an annex lead to the store inside it, and a broken class link is told aloud', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { '.git/annex/objects/1f/key/key': 3, 'train/cat/notes.txt': 1, 'train/dog/b.jpg': 1 });
  await symlink('../../.git/annex/objects/1f/key/key', join(root, 'train/cat/a.jpg'));
  await symlink('/not/mounted/bird', join(root, 'train/bird'));
  assert.deepEqual(await indexed(root), imageFolder(root));
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: `${root}.index` };
  assert.deepEqual((await indexSource(options)).report.losses, [{ name: 'train/bird', lost: 1, of: 1 }]);
});

test('a folder of links into a blob store is read once the config names the store', async (context) => {
  const base = await temporaryFolder(context);
  await writeTree(base, { 'hub/blobs/1f': 10, 'hub/blobs/2e': 20, 'hub/snapshots/main/readme.txt': 1 });
  for (const [name, blob] of Object.entries({ 'a.jpg': '1f', 'b.jpg': '2e' }))
    await symlink(`../../blobs/${blob}`, join(base, 'hub/snapshots/main', name));
  const options = {
    name: 's',
    path: join(base, 'hub/snapshots/main'),
    split: 'train' as const,
    indexFolder: `${base}/i`,
  };
  await assert.rejects(indexSource(options), {
    reason: 'SOURCE_EMPTY',
    message: /left out 2 \(links to files outside.*follow_links/,
  });
  const { manifest } = await indexSource({ ...options, followLinks: [join(base, 'hub/blobs')] });
  assert.deepEqual([manifest.count, (await readSample(manifest.location(1))).length], [2, 20]);
});
