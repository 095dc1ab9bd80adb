import assert from 'node:assert/strict';
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readCacheFile, writeCacheFile } from '../../src/cache/cache-file.js';
import { CacheFolder, orphanAfter } from '../../src/cache/cache-folder.js';
import { idleAfter } from '../../src/cache/kept-samples.js';
import { indexSource } from '../../src/sources/index-source.js';
import type { Manifest } from '../../src/sources/manifest/manifest.js';
import { age, temporaryFolder, writeTree } from '../sources/tree.js';

const length = 6000;
/** 6,000 bytes and the trailer take two blocks. */
const onDisk = 8192;

async function source(root: string, name: string, count: number): Promise<Manifest> {
  const path = join(root, name);
  await writeTree(path, Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}.jpg`, length])));
  await age(path);
  return (await indexSource({ name, path, split: 'train', indexFolder: join(root, 'index') })).manifest;
}

interface Opened {
  readonly cache: CacheFolder;
  readonly troubles: string[];
  clock: number;
}

async function opened(folder: string, budget: number, clock = Date.now()): Promise<Opened> {
  const troubles: string[] = [];
  const state = { clock };
  const cache = await CacheFolder.open({
    folder,
    budget,
    onTrouble: (message, detail) => troubles.push(`${message} ${JSON.stringify(detail)}`),
    now: () => state.clock,
  });
  return Object.assign(state, { cache, troubles });
}

/** Stores a sample as a task would. False where there is no room. */
async function store({ cache }: Opened, manifest: Manifest, index: number): Promise<boolean> {
  const place = cache.take(manifest, manifest.location(index));
  if (!place.mayStore) return false;
  await writeCacheFile(place.path, Buffer.alloc(length, index));
  cache.give(place, true);
  await cache.scan();
  return true;
}

async function isThere({ cache }: Opened, manifest: Manifest, index: number): Promise<boolean> {
  const place = cache.take(manifest, manifest.location(index));
  cache.give(place, false);
  return (await readCacheFile(place.path, length)).status === 'hit';
}

async function count(one: Opened, manifest: Manifest): Promise<number> {
  let found = 0;
  for (let i = 0; i < manifest.count; i++) if (await isThere(one, manifest, i)) found++;
  return found;
}

async function filled(context: TestContext): Promise<{ root: string; folder: string; manifest: Manifest }> {
  const root = await temporaryFolder(context);
  return { root, folder: join(root, 'cache'), manifest: await source(root, 'first', 12) };
}

test('the budget holds, reservations count, and what is in stays in', async (context) => {
  const { folder, manifest } = await filled(context);
  const one = await opened(folder, 8 * onDisk);
  const first = one.cache.take(manifest, manifest.location(11));
  for (let i = 0; i < 7; i++) assert.ok(await store(one, manifest, i), `sample ${i}`);
  assert.ok(!(await store(one, manifest, 7)), 'what another task has reserved was given away');
  one.cache.give(first, false);
  assert.ok(await store(one, manifest, 7));
  for (let i = 8; i < 12; i++) assert.ok(!(await store(one, manifest, i)));
  assert.equal(await count(one, manifest), 8);
  assert.equal(one.cache.bytes, 8 * onDisk);
  assert.equal((await opened(folder, 8 * onDisk)).cache.bytes, 8 * onDisk);
  assert.deepEqual(one.troubles, []);
});

test('a budget smaller than one file holds nothing, and a smaller one than before is kept at once', async (context) => {
  const { folder, manifest } = await filled(context);
  for (const budget of [0, 1, onDisk - 1]) {
    const none = await opened(folder, budget);
    assert.ok(!(await store(none, manifest, 0)));
    assert.deepEqual(none.troubles, []);
  }
  const one = await opened(folder, 8 * onDisk);
  for (let i = 0; i < 8; i++) await store(one, manifest, i);
  const less = await opened(folder, 3 * onDisk);
  assert.equal(less.cache.bytes, 3 * onDisk);
  assert.equal(await count(less, manifest), 3);
});

test('a source makes room only after an hour without use, however the process started', async (context) => {
  const { root, folder, manifest } = await filled(context);
  const second = await source(root, 'second', 12);
  const one = await opened(folder, 8 * onDisk);
  for (let i = 0; i < 8; i++) await store(one, manifest, i);
  const other = await opened(folder, 8 * onDisk, one.clock + idleAfter - 60_000);
  assert.ok(!(await store(other, second, 0)));
  await other.cache.scan();
  assert.equal(await count(one, manifest), 8, 'a source in use was thrown out');
  // A pause of any length takes nothing from a run that goes on with its own source.
  const later = await opened(folder, 8 * onDisk, one.clock + 100 * idleAfter);
  assert.equal(await count(later, manifest), 8);
  assert.ok(!(await store(later, manifest, 9)));
  await later.cache.scan();
  assert.equal(await count(later, manifest), 8);
  const newcomer = await opened(folder, 8 * onDisk, later.clock + 2 * idleAfter);
  assert.ok(!(await store(newcomer, second, 0)));
  await newcomer.cache.scan();
  for (let i = 0; i < 8; i++) assert.ok(await store(newcomer, second, i));
  assert.equal(await count(newcomer, manifest), 0);
  // The same within one process, whose own source it was.
  newcomer.clock += 2 * idleAfter;
  assert.ok(!(await store(newcomer, manifest, 0)));
  await newcomer.cache.scan();
  assert.ok(await store(newcomer, manifest, 0));
});

test('what four replicas have put into one folder at once is back in the budget at the next listing', async (context) => {
  const { root, folder } = await filled(context);
  const big = await source(root, 'big', 200);
  const four = await Promise.all([1, 2, 3, 4].map(() => opened(folder, 40 * onDisk)));
  await Promise.all(
    four.map(async ({ cache }, replica) => {
      for (let i = replica; i < big.count; i += 4) {
        const place = cache.take(big, big.location(i));
        if (!place.mayStore) continue;
        await writeCacheFile(place.path, Buffer.alloc(length));
        cache.give(place, true);
      }
    }),
  );
  await four[0]!.cache.scan();
  await four[0]!.cache.scan();
  const { cache } = await opened(folder, 1e9);
  assert.ok(cache.bytes <= 40 * onDisk && cache.bytes > 30 * onDisk, `${cache.bytes / onDisk} files`);
});

test('orphans are swept, writers are left alone, and what is not the cache’s stays', async (context) => {
  const { folder, manifest } = await filled(context);
  const one = await opened(folder, 8 * onDisk);
  await store(one, manifest, 0);
  const { path } = one.cache.take(manifest, manifest.location(0));
  const version = dirname(dirname(path));
  const old = (Date.now() - orphanAfter - 1000) / 1000;
  const orphan = `${path}.123.abcdef01.part`;
  await writeFile(orphan, 'half');
  await utimes(orphan, old, old);
  await writeFile(`${path}.124.abcdef02.part`, 'half');
  await mkdir(join(dirname(version), '.gone-0123'), { recursive: true });
  // Names that are no names of the cache, in each of its levels.
  const foreign = [
    join(folder, 'mine.txt'),
    join(dirname(version), 'stream_x'),
    join(dirname(version), 'split_-1_0'),
    join(version, 'zz'),
    join(version, 'ab'),
    join(dirname(path), `${'0'.repeat(31)}-5`),
    join(dirname(path), `${'0'.repeat(32)}--5`),
    join(dirname(path), `${'0'.repeat(32)}-1e9`),
    join(dirname(path), `${'0'.repeat(32)}`),
  ];
  for (const name of foreign) await writeFile(name, 'x');
  const again = await opened(folder, 8 * onDisk);
  assert.deepEqual(again.troubles, []);
  assert.equal(again.cache.bytes, onDisk);
  const names = await readdir(dirname(path));
  assert.ok(names.includes(`${path.split('/').at(-1)}.124.abcdef02.part`), 'a writer lost its file');
  assert.ok(!names.includes(orphan.split('/').at(-1)!), 'the orphan is still there');
  assert.ok(!(await readdir(dirname(version))).includes('.gone-0123'));
  for (const name of foreign) assert.ok((await readdir(dirname(name))).includes(name.split('/').at(-1)!), name);
});

test('an edited source is another version, and two sources of the same names and sizes are told apart', async (context) => {
  const { root, folder, manifest } = await filled(context);
  const one = await opened(folder, 100 * onDisk);
  await store(one, manifest, 0);
  const twin = await source(root, 'twin', 12);
  assert.equal(twin.fingerprint, manifest.fingerprint);
  assert.ok(!(await isThere(one, twin, 0)));
  // Another file of the same name and size, put in its place as programs do.
  await rm(join(root, 'first', '0.jpg'));
  await writeFile(join(root, 'first', '0.jpg'), Buffer.alloc(length, 9));
  const options = {
    name: 'first',
    path: join(root, 'first'),
    split: 'train',
    indexFolder: join(root, 'index'),
  } as const;
  await age(join(root, 'first', '1.jpg'));
  const past = new Date(Date.now() - 30_000);
  await utimes(join(root, 'first'), past, past);
  const edited = (await indexSource(options)).manifest;
  assert.equal(edited.fingerprint, manifest.fingerprint);
  assert.ok(!(await isThere(one, edited, 0)));
});

test('a folder that is no folder, is gone under way or cannot be written costs one warning', async (context) => {
  const { root, folder, manifest } = await filled(context);
  await writeFile(join(root, 'file'), 'x');
  const none = await opened(join(root, 'file'), 8 * onDisk);
  assert.ok(!(await store(none, manifest, 0)));
  assert.equal(none.troubles.filter((text) => text.includes('cannot be written')).length, 1, none.troubles.join());
  const one = await opened(folder, 8 * onDisk);
  await store(one, manifest, 0);
  await rm(folder, { recursive: true });
  assert.ok(!(await isThere(one, manifest, 0)));
  assert.ok(await store(one, manifest, 0));
  assert.ok(await isThere(one, manifest, 0));
  assert.deepEqual(one.troubles, []);
  one.cache.failed({ code: 'ENOSPC', message: 'no space left', isWrite: true });
  one.cache.failed({ code: 'ENOSPC', message: 'no space left', isWrite: true });
  assert.ok(!(await store(one, manifest, 1)));
  assert.ok(await isThere(one, manifest, 0), 'what is there is of use still');
  assert.equal(one.troubles.length, 1);
});
