import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { readSample } from '../../../src/sources/storage/read.js';
import { age, tarOf, temporaryFolder, writeTree } from '../tree.js';

test('every member comes out as Python wrote it, in each tar format, with its siblings', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'shards/readme.txt': 1 });
  const program = `
import io, sys, tarfile
for i, form in enumerate((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)):
    with tarfile.open(f'{sys.argv[1]}/shards/{i}.tar', 'w', format=form) as tar:
        def add(name, data):
            info = tarfile.TarInfo(name); info.size = len(data); tar.addfile(info, io.BytesIO(data))
        folder = tarfile.TarInfo('dir.jpg'); folder.type = tarfile.DIRTYPE; tar.addfile(folder)
        link = tarfile.TarInfo('link.jpg'); link.type = tarfile.SYMTYPE; link.linkname = 'b.jpg'; tar.addfile(link)
        for name in ('b', 'a', 'dir/' + 'n' * 90, 'ä', 'p' * 60 + '/' + 'q' * 60):
            add(name + '.txt', ('text of ' + name).encode()); add(name + '.jpg', ('image ' + name).encode() * 300); add(name + '.json', b'{}')
        add('alone.PNG', b'x'); add('empty.jpg', b'')`;
  execFileSync('/usr/bin/python3', ['-c', program, root]);
  const { manifest, report } = await indexSource({
    name: 's',
    path: root,
    split: 'train',
    indexFolder: join(root, 'index'),
  });
  assert.deepEqual(report.warnings, []);
  assert.equal(manifest.count, 21);
  const keys = Array.from({ length: 21 }, (_, i) => manifest.key(i));
  assert.deepEqual(
    keys.slice(0, 7),
    [
      'a.jpg',
      'alone.PNG',
      'b.jpg',
      `dir/${'n'.repeat(90)}.jpg`,
      'empty.jpg',
      `${'p'.repeat(60)}/${'q'.repeat(60)}.jpg`,
      'ä.jpg',
    ].map((name) => `0.tar/${name}`),
  );
  for (const [i, key] of keys.entries()) {
    const name = key.slice('0.tar/'.length).replace(/\.[^.]+$/, '');
    const bytes = await readSample(manifest.location(i));
    if (name === 'alone') {
      assert.equal(manifest.sibling(i, 'txt'), null);
      continue;
    }
    if (name === 'empty') {
      assert.equal(bytes.length, 0);
      continue;
    }
    assert.equal(bytes.toString(), `image ${name}`.repeat(300));
    assert.equal((await readSample(manifest.sibling(i, 'txt')!)).toString(), `text of ${name}`);
    assert.equal((await readSample(manifest.sibling(i, 'json')!)).toString(), '{}');
    assert.equal(manifest.find(key), i);
  }
});

test('the members before a damage are samples, the damage is told, and statistics are compared', async (context) => {
  const root = await temporaryFolder(context);
  const members = ['a', 'b', 'c'].map((name) => [`${name}.jpg`, Buffer.alloc(1500, name)] as const);
  const whole = await tarOf(members);
  const scratched = Buffer.from(whole);
  scratched.fill(0xff, 2 * 2048, 2 * 2048 + 20);
  await writeTree(root, {
    'shards/0.tar': whole,
    'shards/1.tar': whole.subarray(0, 2048 + 512 + 700),
    'shards/2.tar': scratched,
    'shards/3.tar': whole.subarray(0, 3 * 2048),
    'shards/4.tar': 0,
    'shards/0_stats.json': '{"successes": 3}',
    'shards/1_stats.json': '{"successes": 3}',
  });
  const { manifest, report } = await indexSource({
    name: 's',
    path: root,
    split: 'train',
    indexFolder: join(root, 'index'),
  });
  const keys = Array.from({ length: manifest.count }, (_, i) => manifest.key(i));
  assert.deepEqual(keys, [
    '0.tar/a.jpg',
    '0.tar/b.jpg',
    '0.tar/c.jpg',
    '1.tar/a.jpg',
    '2.tar/a.jpg',
    '2.tar/b.jpg',
    '3.tar/a.jpg',
    '3.tar/b.jpg',
    '3.tar/c.jpg',
  ]);
  assert.deepEqual(report.warnings, [
    '1.tar: damaged at byte 2048: the file ends inside a member of 1500 bytes; 1 samples before it',
    '1.tar: 1 samples, but its _stats.json counts 3 successes',
    '2.tar: damaged at byte 4096: a header fails its checksum; 2 samples before it',
    '3.tar: damaged at byte 6144: the file ends without an end mark; 3 samples before it',
    '4.tar: damaged at byte 0: the file ends without an end mark; 0 samples before it',
  ]);
});

test('shards of unchanged size and time are not read again', async (context) => {
  const root = await temporaryFolder(context);
  const paths = [0, 1, 2].map((i) => join(root, `shards/${i}.tar`));
  await writeTree(root, { 'shards/readme.txt': 1 });
  for (const [i, path] of paths.entries())
    await writeFile(
      path,
      await tarOf([
        [`${i}.txt`, 'text'],
        [`${i}.jpg`, `image ${i}`],
      ]),
    );
  await age(...paths);
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  const first = await indexSource(options);
  assert.equal(first.report.reusedShards, 0);
  await rm(paths[0]!);
  await writeFile(paths[1]!, await tarOf([['new.jpg', 'another']]));
  const second = await indexSource(options);
  assert.equal(second.report.reusedShards, 1);
  assert.deepEqual([second.manifest.key(0), second.manifest.key(1)], ['1.tar/new.jpg', '2.tar/2.jpg']);
  assert.equal((await readSample(second.manifest.location(1))).toString(), 'image 2');
  assert.equal((await readSample(second.manifest.sibling(1, 'txt')!)).toString(), 'text');
  await rm(options.indexFolder, { recursive: true });
  const fresh = await indexSource(options);
  assert.equal(fresh.manifest.fingerprint, second.manifest.fingerprint);
  assert.equal((await readFile(second.report.manifestPath)).length > 0, true);
});

test('an interrupted indexing goes on from what it kept', async (context) => {
  const root = await temporaryFolder(context);
  const paths = [0, 1].map((i) => join(root, `shards/${i}.tar`));
  await writeTree(root, { 'shards/readme.txt': 1 });
  for (const [i, path] of paths.entries()) await writeFile(path, await tarOf([[`${i}.jpg`, `image ${i}`]]));
  await age(...paths);
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest, report } = await indexSource(options);
  await rename(report.manifestPath, `${report.manifestPath}.partial`);
  const again = await indexSource(options);
  assert.equal(again.report.reusedShards, 2);
  assert.equal(again.manifest.fingerprint, manifest.fingerprint);
  assert.deepEqual(await readdir(options.indexFolder), ['s.train.arrow']);
});
