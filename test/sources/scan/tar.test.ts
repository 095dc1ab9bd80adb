import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { readSample } from '../../../src/sources/storage/read-sample.js';
import { temporaryFolder, writeTree } from '../tree.js';

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
