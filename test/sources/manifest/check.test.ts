import assert from 'node:assert/strict';
import { appendFile, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { openOrIndexSource, openSource } from '../../../src/sources/open-source.js';
import { age, tarOf, temporaryFolder, writeTree } from '../tree.js';

async function aged(context: TestContext) {
  const root = await temporaryFolder(context);
  const path = join(root, 'data');
  await writeTree(path, {
    'train/cat/a.jpg': 1,
    'train/cat/b.jpg': 2,
    'train/dog/c.jpg': 3,
    'train/dog/deep/d.jpg': 4,
  });
  const folders = ['train/dog/deep', 'train/dog', 'train/cat', 'train'].map((name) => join(path, name));
  await age(...folders);
  const options = { name: 's', path, split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest } = await indexSource(options);
  assert.equal(
    manifest.details.folders.every(([, mtime]) => mtime !== '0'),
    true,
  );
  return { path, options, manifest };
}

test('a source that is as it was indexed opens, also where its times changed or it moved', async (context) => {
  const { path, options, manifest } = await aged(context);
  assert.equal((await openSource(options)).fingerprint, manifest.fingerprint);
  const now = new Date();
  await utimes(join(path, 'train/cat'), now, now);
  assert.equal((await openSource(options)).fingerprint, manifest.fingerprint);
  await mkdir(join(path, 'train/empty'));
  assert.equal((await openSource(options)).fingerprint, manifest.fingerprint);
  await rename(path, `${path}-moved`);
  const moved = await openSource({ ...options, path: `${path}-moved` });
  assert.equal(moved.location(0).path, `${path}-moved/train/cat/a.jpg`);
});

const edits: Record<string, { edit: (path: string) => Promise<unknown>; names: RegExp }> = {
  'a file is added': {
    edit: (path) => writeFile(join(path, 'train/dog/new.jpg'), 'x'),
    names: /1 added \(train\/dog\/new\.jpg\)/,
  },
  'a folder with files is added': {
    edit: (path) => writeTree(path, { 'train/dog/more/x.jpg': 1, 'train/dog/more/y.jpg': 1 }),
    names: /2 added \(train\/dog\/more\/x\.jpg, train\/dog\/more\/y\.jpg\)/,
  },
  'a file is removed': {
    edit: (path) => rm(join(path, 'train/dog/deep/d.jpg')),
    names: /1 removed \(train\/dog\/deep\/d\.jpg\)/,
  },
  'a folder is removed': {
    edit: (path) => rm(join(path, 'train/dog'), { recursive: true }),
    names: /2 removed \(train\/dog\/c\.jpg, train\/dog\/deep\/d\.jpg\)/,
  },
  'a file is replaced by one of another size': {
    edit: async (path) => {
      await writeFile(join(path, 'train/cat/t'), 'four');
      await rename(join(path, 'train/cat/t'), join(path, 'train/cat/b.jpg'));
    },
    names: /1 resized \(train\/cat\/b\.jpg\)/,
  },
  'a file grows in place': {
    edit: (path) => appendFile(join(path, 'train/cat/a.jpg'), 'x'),
    names: /1 resized \(train\/cat\/a\.jpg\)/,
  },
  'a file is renamed': {
    edit: (path) => rename(join(path, 'train/cat/a.jpg'), join(path, 'train/cat/z.jpg')),
    names: /1 added \(train\/cat\/z\.jpg\), 1 removed \(train\/cat\/a\.jpg\)/,
  },
};

for (const [what, { edit, names }] of Object.entries(edits))
  test(`an edited source is refused by name: ${what}`, async (context) => {
    const { path, options, manifest } = await aged(context);
    await edit(path);
    await assert.rejects(openSource(options), { reason: 'SOURCE_CHANGED', message: names });
    await assert.rejects(openOrIndexSource(options), { reason: 'SOURCE_CHANGED' });
    const again = await indexSource(options);
    assert.notEqual(again.manifest.fingerprint, manifest.fingerprint);
    assert.equal((await openSource(options)).fingerprint, again.manifest.fingerprint);
  });

test('an edit within the coarseness of time stamps is noticed', async (context) => {
  const root = await temporaryFolder(context);
  const path = join(root, 'data');
  await writeTree(path, { 'a.jpg': 1 });
  const before = new Date();
  await utimes(path, before, before);
  const options = { name: 's', path, split: 'train' as const, indexFolder: join(root, 'index') };
  await indexSource(options);
  await writeTree(path, { 'b.jpg': 1 });
  await utimes(path, before, before);
  await assert.rejects(openSource(options), { reason: 'SOURCE_CHANGED', message: /1 added \(b\.jpg\)/ });
});

test('shards are compared by name, size and time, and by their headers where the time changed', async (context) => {
  const root = await temporaryFolder(context);
  const shard = (i: number): string => join(root, `data/shards/${i}.tar`);
  await writeTree(root, {
    'data/shards/0.tar': await tarOf([
      ['a.jpg', 'one'],
      ['b.jpg', 'two'],
    ]),
    'data/shards/1.tar': await tarOf([['c.jpg', 'three']]),
  });
  await age(shard(0), shard(1));
  const options = { name: 's', path: join(root, 'data'), split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest } = await indexSource(options);
  assert.equal((await openSource(options)).fingerprint, manifest.fingerprint);
  const now = new Date();
  await utimes(shard(0), now, now);
  assert.equal((await openSource(options)).fingerprint, manifest.fingerprint);
  await writeFile(
    shard(0),
    await tarOf([
      ['b.jpg', 'two'],
      ['a.jpg', 'one'],
    ]),
  );
  await assert.rejects(openSource(options), { reason: 'SOURCE_CHANGED', message: /1 resized \(0\.tar\)/ });
  await writeFile(
    shard(0),
    await tarOf([
      ['a.jpg', 'one'],
      ['b.jpg', 'two'],
    ]),
  );
  await writeFile(shard(2), await tarOf([['d.jpg', 'four']]));
  await rm(shard(1));
  await assert.rejects(openSource(options), {
    reason: 'SOURCE_CHANGED',
    message: /1 added \(2\.tar\), 1 removed \(1\.tar\)/,
  });
});
