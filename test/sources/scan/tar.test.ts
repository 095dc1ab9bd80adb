import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { indexSource } from '../../../src/sources/index-source.js';
import { readSample } from '../../../src/sources/storage/read-sample.js';
import { tarOf, temporaryFolder, writeTree } from '../tree.js';

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

/** Writes tars into `shards/`, with GNU tar and with Python's tarfile, and prints what tarfile reads in them. */
const oddTars = `
import io, json, os, subprocess, sys, tarfile
root = os.fsencode(sys.argv[1]); work = root + b'/work'; os.makedirs(work + b'/d')
def tar(*arguments): subprocess.run(['tar', '--owner=0', '--sort=name', *arguments], cwd=work, check=True)
def file(name, text): open(os.path.join(work, os.fsencode(name)), 'wb').write(text.encode())
for name in ('a', 'b', 'c', 'z'):
    file(name + '.jpg', 'image ' + name); file(name + '.txt', 'text of ' + name)
os.link(work + b'/a.jpg', work + b'/d/linked.jpg')
long = 'd/' + 'n' * 120
file(long + '.jpg', 'long'); os.link(work + b'/' + os.fsencode(long) + b'.jpg', work + b'/y.jpg')
for odd in (b'bad\\xff.jpg', b'bad\\xfe.jpg'): open(work + b'/' + odd, 'wb').write(odd)
with open(work + b'/holes.jpg', 'wb') as f:
    for i in range(40): f.seek(i * 65536); f.write(b'x' * 4096)
    f.truncate(40 * 65536)
S = '../shards/'
tar('-cf', S + 'one.tar', 'a.jpg'); tar('-cf', S + 'two.tar', 'b.jpg', 'a.txt'); tar('-cf', S + 'appended.tar', 'c.jpg')
tar('-Af', S + 'appended.tar', S + 'two.tar')
with open(root + b'/shards/joined.tar', 'wb') as f:
    for part in (b'one', b'two'): f.write(open(root + b'/shards/' + part + b'.tar', 'rb').read())
for form in ('gnu', 'posix'):
    tar('--format=' + form, '-cf', S + 'links-' + form + '.tar', './a.jpg', 'a.jpg', 'd', 'y.jpg', 'z.jpg')
    tar('--format=' + form, '-cf', S + 'names-' + form + '.tar', 'bad\\udcff.jpg', 'bad\\udcfe.jpg', 'z.jpg')
tar('--format=gnu', '-Scf', S + 'sparse-gnu.tar', 'a.jpg', 'holes.jpg', 'z.jpg')
for version in ('0.0', '0.1', '1.0'):
    tar('--format=posix', '--sparse-version=' + version, '-Scf', S + 'sparse-' + version + '.tar', 'a.jpg', 'holes.jpg', 'z.jpg')
tar('-cf', S + 'twice.tar', 'a.jpg', 'b.jpg'); file('a.jpg', 'another image'); tar('-rf', S + 'twice.tar', 'a.jpg')
with tarfile.open(root + b'/shards/sized.tar', 'w', format=tarfile.GNU_FORMAT) as t:
    def add(name, kind, size=0, target='', data=None):
        info = tarfile.TarInfo(name); info.type = kind; info.size = size; info.linkname = target; t.addfile(info, data)
    add('a.jpg', tarfile.REGTYPE, 5, '', io.BytesIO(b'image'))
    add('hard.jpg', tarfile.LNKTYPE, 5, 'a.jpg'); add('soft.jpg', tarfile.SYMTYPE, 7, 'a.jpg'); add('dir.jpg', tarfile.DIRTYPE, 9)
    add('none.jpg', tarfile.LNKTYPE, 0, 'nowhere.jpg'); add('fifo.jpg', tarfile.FIFOTYPE)
    add('._a.jpg', tarfile.REGTYPE, 3, '', io.BytesIO(b'mac')); add('__MACOSX/._b.jpg', tarfile.REGTYPE, 3, '', io.BytesIO(b'mac'))
    add('./.hidden/x.jpg', tarfile.REGTYPE, 3, '', io.BytesIO(b'hid')); add('./z.jpg', tarfile.REGTYPE, 1, '', io.BytesIO(b'z'))
found = {}
for shard in sorted(os.listdir(root + b'/shards')):
    if not shard.endswith(b'.tar'): continue
    with tarfile.open(root + b'/shards/' + shard, ignore_zeros=True) as t:
        members = {}
        for m in t.getmembers():
            try: m.name.encode()
            except UnicodeEncodeError: continue
            if not (m.isreg() or m.islnk()) or m.issparse() or not m.name.endswith('.jpg'): continue
            if any(part.startswith('.') and part != '.' or part == '__MACOSX' for part in m.name.split('/')): continue
            try: members[m.name] = t.extractfile(m).read().decode()
            except KeyError: pass
        found[shard.decode()] = members
print(json.dumps(found))`;

test('odd tars are read as tarfile reads them, joined ones as with ignore_zeros, and what is left out is told', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'shards/readme.txt': 1 });
  const printed = execFileSync('/usr/bin/python3', ['-c', oddTars, root], { encoding: 'utf8' });
  const expected: Record<string, Record<string, string>> = JSON.parse(printed);
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest, report } = await indexSource({ ...options, layout: 'webdataset' });
  const came: typeof expected = Object.fromEntries(Object.keys(expected).map((shard) => [shard, {}]));
  for (let i = 0; i < manifest.count; i++) {
    const [shard, ...path] = manifest.key(i).split('/');
    came[shard!]![path.join('/')] = (await readSample(manifest.location(i))).toString();
  }
  assert.deepEqual(came, expected);
  assert.equal(Object.keys(came['joined.tar']!).length, 2);
  assert.equal((await readSample(manifest.sibling(manifest.find('joined.tar/a.jpg'), 'txt')!)).toString(), 'text of a');
  assert.equal(came['links-gnu.tar']!['d/linked.jpg'], 'image a');
  assert.equal(came['twice.tar']!['a.jpg'], 'another image');
  assert.deepEqual(report.warnings, []);
  const leftOut = Object.fromEntries(report.leftOut.map(({ kind, count, examples }) => [kind, [count, ...examples]]));
  assert.deepEqual(leftOut, {
    name_not_utf8: [4, 'names-gnu.tar/bad\\xfe.jpg', 'names-gnu.tar/bad\\xff.jpg', 'names-posix.tar/bad\\xfe.jpg'],
    member_sparse: [4, 'sparse-0.0.tar/holes.jpg', 'sparse-0.1.tar/holes.jpg', 'sparse-1.0.tar/holes.jpg'],
    duplicate: [1, 'twice.tar/a.jpg'],
    member_link: [2, 'sized.tar/none.jpg', 'sized.tar/soft.jpg'],
    member_kind: [1, 'sized.tar/fifo.jpg'],
    hidden: [3, 'sized.tar/./.hidden/x.jpg', 'sized.tar/._a.jpg', 'sized.tar/__MACOSX/._b.jpg'],
  });
  assert.deepEqual(report.losses[0], { name: 'names-gnu.tar', lost: 2, of: 3 });
  const again = await indexSource({ ...options, layout: 'webdataset' });
  assert.deepEqual(again.report.leftOut, report.leftOut);
});

test('what follows an end mark and is no archive is told, and so is a tar that is compressed', async (context) => {
  const root = await temporaryFolder(context);
  const whole = await tarOf([['a.jpg', 'one']]);
  await writeTree(root, {
    'shards/0.tar': Buffer.concat([whole, Buffer.alloc(1024, 7)]),
    'shards/1.tar': gzipSync(await tarOf([['a.jpg', randomBytes(1000)]])),
    'shards/2.tar': Buffer.concat([whole, Buffer.alloc(10_000)]),
  });
  const options = { name: 's', path: root, split: 'train' as const, indexFolder: join(root, 'index') };
  const { manifest, report } = await indexSource(options);
  assert.equal(manifest.count, 2);
  assert.deepEqual(
    report.warnings.map(({ shard, what }) => `${shard} ${what.split(';')[0]}`),
    [
      `0.tar damaged at byte ${whole.length}: what follows the end mark is no archive`,
      '1.tar damaged at byte 0: it is compressed with gzip: unpack it',
    ],
  );
});
