import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import type { Location } from '../../../src/sources/manifest/manifest.js';
import { fileStorage, readSample, type SampleStorage } from '../../../src/sources/storage/read.js';
import { temporaryFolder, writeTree } from '../tree.js';

test('only regular files inside the source are samples, and the rest is told', async (context) => {
  const root = await temporaryFolder(context);
  const path = join(root, 'data');
  await writeTree(root, { 'outside.jpg': 9 });
  await writeTree(path, { 'a.jpg': 1, 'folder.jpg/b.jpg': 2, 'below/c.jpg': 3 });
  execFileSync('mkfifo', [join(path, 'fifo.jpg')]);
  const server = createServer().listen(join(path, 'socket.jpg'));
  context.after(() => server.close());
  await symlink('../outside.jpg', join(path, 'out.jpg'));
  await symlink('nowhere', join(path, 'dangling.jpg'));
  await symlink('below/c.jpg', join(path, 'in.jpg'));
  await symlink('below', join(path, 'linked'));
  await symlink('.', join(path, 'below/loop'));
  await writeFile(Buffer.concat([Buffer.from(join(path, 'bad')), Buffer.from([0xff]), Buffer.from('.jpg')]), 'x');
  const { manifest, report } = await indexSource({ name: 's', path, split: 'train', indexFolder: join(root, 'index') });
  const keys = Array.from({ length: manifest.count }, (_, i) => manifest.key(i));
  assert.deepEqual(keys, ['a.jpg', 'below/c.jpg', 'folder.jpg/b.jpg', 'in.jpg']);
  for (let i = 0; i < manifest.count; i++)
    assert.equal((await readSample(manifest.location(i))).length, manifest.size(i));
  const leftOut = report.leftOut.map(({ kind, key }) => `${kind} ${key}`).sort();
  assert.deepEqual(leftOut, [
    'link_outside dangling.jpg',
    'link_outside out.jpg',
    'linked_folder below/loop',
    'linked_folder linked',
    'name_not_utf8 bad\ufffd.jpg',
    'not_a_file fifo.jpg',
    'not_a_file socket.jpg',
  ]);
  assert.equal(report.warnings.length, 4);
});

test('a folder that cannot be read is named', {
  skip: process.getuid?.() !== 0 && 'needs root, to become someone else',
}, async (context) => {
  const root = await temporaryFolder(context);
  await chmod(root, 0o755);
  await writeTree(root, { 'data/a.jpg': 1, 'data/closed/b.jpg': 1 });
  await chmod(join(root, 'data/closed'), 0o700);
  await mkdir(join(root, 'index'), { mode: 0o777 });
  const url = new URL('../../../src/sources/index-source.js', import.meta.url).href;
  const program = `process.setuid(65534); const { indexSource } = await import(${JSON.stringify(url)});
    await indexSource({ name: 's', path: ${JSON.stringify(join(root, 'data'))}, split: 'train', indexFolder: ${JSON.stringify(join(root, 'index'))} })
      .catch((error) => console.log(error.reason, error.message));`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.match(said, /^SOURCE_UNREADABLE expected to read .*\/data\/closed, but got EACCES/);
});

test('what has become of a file decides how it fails', async (context) => {
  const root = await temporaryFolder(context);
  const file = (name: string) => join(root, 'data', name);
  await writeTree(root, { 'outside.jpg': 10, 'data/keep.jpg': 10, 'data/sub/x.jpg': 10, 'out/x.jpg': 10 });
  for (const name of ['gone', 'short', 'long', 'folder', 'fifo', 'out', 'in'])
    await writeFile(file(`${name}.jpg`), Buffer.alloc(10));
  const { manifest } = await indexSource({
    name: 's',
    path: join(root, 'data'),
    split: 'train',
    indexFolder: join(root, 'index'),
  });
  await rm(file('gone.jpg'));
  await truncate(file('short.jpg'), 9);
  await truncate(file('long.jpg'), 11);
  for (const name of ['folder', 'fifo', 'out', 'in']) await rm(file(`${name}.jpg`));
  await mkdir(file('folder.jpg'));
  execFileSync('mkfifo', [file('fifo.jpg')]);
  await symlink('../outside.jpg', file('out.jpg'));
  await symlink('keep.jpg', file('in.jpg'));
  await rename(file('sub'), join(root, 'sub'));
  await symlink('../out', file('sub'));
  const outcome = (key: string) =>
    readSample(manifest.location(manifest.find(key)), { retries: 0 }).then(
      (bytes) => bytes.length,
      (error) => `${error.reason} ${error.metadata.cause}`,
    );
  assert.deepEqual(
    Object.fromEntries(
      await Promise.all(
        [
          'keep.jpg',
          'in.jpg',
          'gone.jpg',
          'short.jpg',
          'long.jpg',
          'folder.jpg',
          'fifo.jpg',
          'out.jpg',
          'sub/x.jpg',
        ].map(async (key) => [key, await outcome(key)]),
      ),
    ),
    {
      'keep.jpg': 10,
      'in.jpg': 10,
      'gone.jpg': 'SAMPLE_CORRUPT ENOENT',
      'short.jpg': 'SAMPLE_CORRUPT SIZE_CHANGED',
      'long.jpg': 'SAMPLE_CORRUPT SIZE_CHANGED',
      'folder.jpg': 'SAMPLE_CORRUPT NOT_A_FILE',
      'fifo.jpg': 'SAMPLE_CORRUPT NOT_A_FILE',
      'out.jpg': 'SAMPLE_CORRUPT OUTSIDE_ROOT',
      'sub/x.jpg': 'SAMPLE_CORRUPT OUTSIDE_ROOT',
    },
  );
  await rename(join(root, 'data'), join(root, 'unmounted'));
  assert.equal(await outcome('keep.jpg'), 'STORAGE_UNAVAILABLE ENOENT');
  await mkdir(join(root, 'data'));
  assert.equal(await outcome('keep.jpg'), 'STORAGE_UNAVAILABLE ENOENT');
});

/** The file system, but its first calls fail with these codes, and reads come in small pieces. */
function flaky(codes: readonly string[], where: 'open' | 'read'): SampleStorage & { closed: number; opened: number } {
  const left = [...codes];
  const fail = (): void => {
    const code = left.shift();
    if (code !== undefined) throw Object.assign(new Error(`${code}: it failed`), { code });
  };
  return {
    ...fileStorage,
    closed: 0,
    opened: 0,
    async open(path) {
      if (where === 'open') fail();
      this.opened++;
      return fileStorage.open(path);
    },
    async read(file, into, start, offset) {
      if (where === 'read') fail();
      return fileStorage.read(file, into.subarray(0, Math.min(into.length, start + 3)), start, offset);
    },
    close(file) {
      this.closed++;
      fileStorage.close(file);
    },
  };
}

test('a storage that fails is asked again, and its failures never become corrupt samples', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'a.jpg': 'ten bytes.' });
  const location: Location = { path: join(root, 'a.jpg'), root, offset: null, length: 10 };
  for (const code of ['EIO', 'ETIMEDOUT', 'EAGAIN', 'ESTALE', 'EMFILE', 'ENFILE', 'ENOTCONN', 'ESOMETHING'])
    for (const where of ['open', 'read'] as const) {
      const storage = flaky([code, code], where);
      assert.equal((await readSample(location, { retries: 2, pauseMs: 1, storage })).toString(), 'ten bytes.');
      assert.equal(storage.opened, storage.closed);
      const dead = flaky([code, code, code], where);
      await assert.rejects(readSample(location, { retries: 2, pauseMs: 1, storage: dead }), {
        reason: 'STORAGE_UNAVAILABLE',
        metadata: { path: location.path, cause: code },
      });
      assert.equal(dead.opened, dead.closed);
    }
  for (const code of ['ENOENT', 'EACCES', 'EPERM', 'EISDIR'])
    await assert.rejects(readSample(location, { retries: 2, pauseMs: 1, storage: flaky([code], 'open') }), {
      reason: 'SAMPLE_CORRUPT',
      metadata: { path: location.path, cause: code },
    });
});

test('a cancelled read ends at once', async (context) => {
  const root = await temporaryFolder(context);
  await writeTree(root, { 'a.jpg': 1 });
  const location: Location = { path: join(root, 'a.jpg'), root, offset: null, length: 1 };
  const controller = new AbortController();
  const reading = readSample(location, {
    pauseMs: 3_600_000,
    signal: controller.signal,
    storage: flaky(['EIO'], 'open'),
  });
  setImmediate(() => controller.abort());
  await assert.rejects(reading, { reason: 'STREAM_CANCELLED' });
});
