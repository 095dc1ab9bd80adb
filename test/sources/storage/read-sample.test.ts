import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { indexSource } from '../../../src/sources/index-source.js';
import { faultOf } from '../../../src/sources/storage/local/faults.js';
import { localFiles } from '../../../src/sources/storage/local/local-files.js';
import { readSample } from '../../../src/sources/storage/read-sample.js';
import type { Location, SourceStorage } from '../../../src/sources/storage/storage.js';
import { temporaryFolder, writeTree } from '../tree.js';

const files = localFiles();

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

test('a source that comes back, or goes, between an attempt and the look at it leaves no sample corrupt', async (context) => {
  const folder = await temporaryFolder(context);
  const [root, away] = [join(folder, 'data'), join(folder, 'away')];
  await writeTree(folder, { 'data/a.jpg': 'ten bytes.' });
  const location: Location = { path: join(root, 'a.jpg'), root, offset: null, length: 10 };
  const come = () => rename(away, root);
  const go = () => rename(root, away);
  const nothing = async () => {};
  /** Local files, moved before and after each look at the folder. */
  const moving = (...moves: (readonly [before: () => Promise<void>, after: () => Promise<void>])[]): SourceStorage => ({
    ...files,
    async *list(folder, options) {
      const [before, after] = moves.shift()!;
      await before();
      try {
        yield* files.list(folder, options);
      } finally {
        await after();
      }
    },
  });
  const read = async (storage: SourceStorage) => (await readSample(location, { pauseMs: 1, storage })).toString();
  await go();
  assert.equal(await read(moving([come, nothing])), 'ten bytes.');
  await go();
  assert.equal(await read(moving([come, go], [nothing, come])), 'ten bytes.');
  await go();
  assert.equal(await read(moving([come, go], [nothing, nothing], [come, nothing])), 'ten bytes.');
});

/** Local files, but their first calls fail with these codes, and reads come in small pieces. */
function flaky(codes: readonly string[], where: 'open' | 'read'): SourceStorage & { closed: number; opened: number } {
  const left = [...codes];
  const fail = (): void => {
    const code = left.shift();
    if (code !== undefined) throw faultOf('x', Object.assign(new Error(`${code}: it failed`), { code }));
  };
  return {
    ...files,
    closed: 0,
    opened: 0,
    async open(url, options) {
      if (where === 'open') fail();
      this.opened++;
      const file = await files.open(url, options);
      return {
        size: file.size,
        read: async (into, offset) => {
          if (where === 'read') fail();
          return file.read(into.subarray(0, 3), offset);
        },
        close: () => {
          this.closed++;
          file.close();
        },
      };
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
    await assert.rejects(readSample(location, { retries: 2, pauseMs: 1, storage: flaky([code, code], 'open') }), {
      reason: 'SAMPLE_CORRUPT',
      metadata: { path: location.path, cause: code },
    });
});
