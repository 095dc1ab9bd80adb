import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { readCacheFile, trailerBytes, writeCacheFile } from '../../src/cache/cache-file.js';
import { partSuffix } from '../../src/sources/storage/local/write-whole.js';
import { temporaryFolder } from '../sources/tree.js';

const bytes = Buffer.from(Array.from({ length: 70_001 }, (_, i) => (i * 131 + (i >> 8)) & 255));
const moduleUrl = new URL('../../src/cache/cache-file.js', import.meta.url).href;

test('what was written comes back, and nothing where nothing was written', async (context) => {
  const folder = await temporaryFolder(context);
  for (const length of [0, 1, 4096, bytes.length]) {
    const path = join(folder, 'new', `${length}`);
    assert.deepEqual(await readCacheFile(path, length), { status: 'miss' });
    await writeCacheFile(path, bytes.subarray(0, length));
    const found = await readCacheFile(path, length);
    assert.ok(found.status === 'hit' && found.bytes.equals(bytes.subarray(0, length)));
  }
});

/** Whatever can become of a cache folder's file. */
const damages: Readonly<Record<string, (path: string, other: string) => Promise<unknown>>> = {
  'no bytes': (path) => truncate(path, 0),
  'cut by a byte': (path) => truncate(path, bytes.length + trailerBytes - 1),
  'without its trailer': (path) => truncate(path, bytes.length),
  'longer by a byte': (path) => writeFile(path, 'x', { flag: 'a' }),
  'zeros of the right length': (path) => writeFile(path, Buffer.alloc(bytes.length + trailerBytes)),
  'one bit flipped': (path) => flip(path, 35_000),
  'one bit of the mark flipped': (path) => flip(path, bytes.length + 1),
  'one bit of the CRC flipped': (path) => flip(path, bytes.length + 6),
  'another sample of the same length': (path, other) => copyFile(other, path),
  'a folder': async (path) => {
    await rm(path);
    await mkdir(path);
    await writeFile(join(path, 'inside'), 'x');
  },
  'a FIFO': async (path) => {
    await rm(path);
    execFileSync('mkfifo', [path]);
  },
  'a link to a sound file': async (path, other) => {
    await rm(path);
    await symlink(other, path);
  },
  'a link to nowhere': async (path) => {
    await rm(path);
    await symlink('nowhere', path);
  },
};

for (const [name, damage] of Object.entries(damages)) {
  test(`damage is found and mended: ${name}`, async (context) => {
    const folder = await temporaryFolder(context);
    const path = join(folder, 'ab', 'sample');
    const other = join(folder, 'ab', 'other');
    await writeCacheFile(path, bytes);
    await writeCacheFile(other, Buffer.from(bytes).reverse());
    await damage(path, other);
    const found = await readCacheFile(path, bytes.length);
    assert.equal(found.status, 'damaged');
    await rm(path, { recursive: true, force: true });
    await writeCacheFile(path, bytes);
    const mended = await readCacheFile(path, bytes.length);
    assert.ok(mended.status === 'hit' && mended.bytes.equals(bytes));
    const left = await readCacheFile(other, bytes.length);
    assert.ok(left.status === 'hit', 'damage spread');
  });
}

test('a writer that is killed at any moment leaves whole files and parts, never a short file', async (context) => {
  const folder = await temporaryFolder(context);
  const length = 3_000_000;
  const program = `const { writeCacheFile } = await import(${JSON.stringify(moduleUrl)});
    const bytes = Buffer.alloc(${length}, 7);
    for (let i = 0; ; i++) {
      await writeCacheFile(${JSON.stringify(folder)} + '/' + process.argv[1] + '-' + i, bytes);
      console.log(i);
    }`;
  let parts = 0;
  for (let round = 0; round < 12; round++) {
    const writer = spawn(process.execPath, ['--input-type=module', '-e', program, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: writer.stdout });
    // Some time after the third file, which is another moment of the fourth in every round.
    for await (const line of lines) if (line === '2') break;
    const until = performance.now() + round / 4;
    while (performance.now() < until);
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    for (const name of await readdir(folder)) {
      if (name.endsWith(partSuffix)) parts++;
      else assert.equal((await readCacheFile(join(folder, name), length)).status, 'hit', name);
      await rm(join(folder, name));
    }
  }
  assert.ok(parts > 0, 'no writer was killed while it wrote: the test showed nothing');
});

test('two that write one file at once, and one that reads it all the while, see it whole or not at all', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, 'sample');
  const program = `const { writeCacheFile } = await import(${JSON.stringify(moduleUrl)});
    const bytes = Buffer.from(Array.from({ length: ${bytes.length} }, (_, i) => (i * 131 + (i >> 8)) & 255));
    for (let i = 0; i < 300; i++) await writeCacheFile(${JSON.stringify(path)}, bytes);`;
  const writers = [1, 2].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  const ends = Promise.all(writers.map((writer) => once(writer, 'exit')));
  let isOver = false;
  void ends.then(() => {
    isOver = true;
  });
  let hits = 0;
  while (!isOver) {
    const found = await readCacheFile(path, bytes.length);
    assert.notEqual(found.status, 'damaged');
    if (found.status === 'hit') hits++;
  }
  assert.deepEqual(
    (await ends).map(([code]) => code),
    [0, 0],
  );
  assert.ok(hits > 10);
  assert.deepEqual(await readdir(folder), ['sample']);
});

test('a failed write leaves nothing', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, 'sample');
  await mkdir(path);
  await assert.rejects(writeCacheFile(path, bytes), { code: 'EISDIR' });
  assert.deepEqual(await readdir(folder), ['sample']);
});

async function flip(path: string, at: number): Promise<void> {
  const all = await readFile(path);
  all[at] = all[at]! ^ 16;
  await writeFile(path, all);
}
