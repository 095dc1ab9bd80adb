import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import type { CacheReport, CacheTask } from '../../src/cache/sample-caches.js';
import { SampleVisit, threadCaches } from '../../src/cache/sample-visit.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { probe } from '../../src/decode/probe.js';
import { TributaryError } from '../../src/errors.js';
import { arenaMemory, none } from '../../src/memory/byte-arena.js';
import { defaultLimits } from '../../src/run/limits.js';
import type { Box } from '../../src/sample/draw.js';
import { temporaryFolder } from '../sources/tree.js';

const images = fileURLToPath(new URL('../../../test/vectors/images/', import.meta.url));
const cold: CacheTask = { file: none, decoded: none, disk: null };

function located(path: string, length: number): { path: string; root: string; offset: null; length: number } {
  return { path, root: join(path, '..'), offset: null, length };
}

/** What decoding without caches says: pixels, or why there are none. */
async function plainly(file: Buffer, box: Box): Promise<string> {
  return said(async () => (await decodeCrop(file, box, defaultLimits)).data);
}

async function said(act: () => Promise<Uint8Array>): Promise<string> {
  try {
    return Buffer.from(await act()).toString('hex');
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    return `${error.reason} ${error.metadata.cause}`;
  }
}

test('every box of a held image is what decoding the box gives, for damaged files too', async (context) => {
  const folder = await temporaryFolder(context);
  const caches = threadCaches({ files: arenaMemory(2 ** 20, 4096), decoded: arenaMemory(2 ** 26, 16_384) });
  let damagedYetHeld = 0;
  let refusedWhole = 0;
  for (const name of await readdir(images)) {
    const sound = await readFile(join(images, name));
    const files = [sound, Buffer.from(sound), sound.subarray(0, Math.floor(sound.length * 0.7))];
    files[1]!.fill(0x5a, Math.floor(sound.length * 0.6), Math.floor(sound.length * 0.62) + 3);
    for (const [kind, file] of files.entries()) {
      const path = join(folder, `${kind}-${name}`);
      await writeFile(path, file);
      const image = await probe(file, defaultLimits).catch(() => null);
      if (image === null) continue;
      const { width, height } = image;
      const boxes: Box[] = [
        { top: 0, left: 0, width, height },
        { top: 0, left: width >> 1, width: width - (width >> 1), height: Math.max(1, height >> 2) },
        ...fc.sample(
          fc.tuple(fc.nat(height - 1), fc.nat(width - 1), fc.nat(1000), fc.nat(1000)).map(([top, left, w, h]) => ({
            top,
            left,
            width: 1 + (w % (width - left)),
            height: 1 + (h % (height - top)),
          })),
          { numRuns: 3, seed: kind },
        ),
      ];
      for (const box of boxes) {
        const expected = await plainly(file, box);
        const first = new SampleVisit(caches, {
          location: located(path, file.length),
          limits: defaultLimits,
          cache: cold,
        });
        assert.equal(first.heldImage(), null);
        const got = await said(async () => (await first.decode(await first.read(), image, box)).data);
        assert.equal(got, expected, `${path} cold ${JSON.stringify(box)}`);
        const report = (await first.end())!;
        if (report.decoded === null) {
          if (kind > 0) refusedWhole++;
          continue;
        }
        if (kind > 0) damagedYetHeld++;
        const cache = { ...cold, decoded: report.decoded };
        // Gone from the storage: nothing is read any more.
        await rm(path);
        const again = new SampleVisit(caches, { location: located(path, file.length), limits: defaultLimits, cache });
        assert.deepEqual(again.heldImage(), { width, height });
        assert.equal(Buffer.from(again.heldCrop(image, box).data).toString('hex'), expected, `${path} warm`);
        caches.decoded!.free(report.decoded);
        await writeFile(path, file);
      }
    }
  }
  assert.ok(refusedWhole > 0 && damagedYetHeld > 0, `${refusedWhole} refused, ${damagedYetHeld} held`);
});

test('an image that is damaged below the box gives the box, as it does without a cache', async (context) => {
  const [width, height] = [200, 1000];
  const rows = Buffer.from(
    Array.from({ length: height * (1 + 3 * width) }, (_, i) => (i % 601 ? (i * 7919) >> 5 : 0) & 255),
  );
  const data = deflateSync(rows, { level: 1 });
  data.fill(0xff, Math.floor(data.length * 0.9));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, body: Buffer): Buffer => {
    const named = Buffer.concat([Buffer.from(type), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const file = Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
  const path = join(await temporaryFolder(context), 'damaged.png');
  await writeFile(path, file);
  const top = { top: 0, left: 0, width: 50, height: 50 };
  const bottom = { top: 900, left: 0, width: 50, height: 100 };
  const caches = threadCaches({ files: null, decoded: arenaMemory(2 ** 26, 16_384) });
  const verdicts: string[] = [];
  for (const box of [top, bottom]) {
    const visit = new SampleVisit(caches, { location: located(path, file.length), limits: defaultLimits, cache: cold });
    const probed = await probe(file, defaultLimits);
    const got = await said(async () => (await visit.decode(await visit.read(), probed, box)).data);
    assert.equal(got, await plainly(file, box));
    assert.equal((await visit.end())!.decoded, null);
    verdicts.push(got.slice(0, 14));
  }
  assert.notEqual(verdicts[0], 'SAMPLE_CORRUPT');
  assert.equal(verdicts[1], 'SAMPLE_CORRUPT');
  assert.equal(caches.decoded!.usedBytes, 0);
});

test('a held image is no excuse from a run of stricter limits', async (context) => {
  const folder = await temporaryFolder(context);
  const file = await readFile(join(images, 'shapes.jpg'));
  const path = join(folder, 'shapes.jpg');
  await writeFile(path, file);
  const image = await probe(file, defaultLimits);
  const caches = threadCaches({ files: null, decoded: arenaMemory(2 ** 26, 16_384) });
  const box = { top: 0, left: 0, width: 1, height: 1 };
  const first = new SampleVisit(caches, { location: located(path, file.length), limits: defaultLimits, cache: cold });
  await first.decode(await first.read(), image, box);
  const cache = { ...cold, decoded: (await first.end())!.decoded! };
  const fits = { ...defaultLimits, pixels: image.width * image.height, bytes: file.length };
  const visit = (limits: typeof defaultLimits) =>
    new SampleVisit(caches, { location: located(path, file.length), limits, cache });
  assert.deepEqual(visit(fits).heldImage(), { width: image.width, height: image.height });
  assert.equal(visit({ ...fits, pixels: fits.pixels - 1 }).heldImage(), null);
  assert.equal(visit({ ...fits, bytes: fits.bytes - 1 }).heldImage(), null);
});

test('a cache smaller than one image holds nothing and changes nothing', async () => {
  const path = join(images, 'shapes.jpg');
  const file = await readFile(path);
  const image = await probe(file, defaultLimits);
  const box = { top: 1, left: 2, width: 30, height: 20 };
  const expected = await plainly(file, box);
  for (const budget of [1, 5000, 20_000, image.width * image.height * 3]) {
    const caches = threadCaches({
      files: arenaMemory(Math.min(budget, file.length), 4096),
      decoded: arenaMemory(budget, 16_384),
    });
    const visit = new SampleVisit(caches, { location: located(path, file.length), limits: defaultLimits, cache: cold });
    const got = await said(async () => (await visit.decode(await visit.read(), image, box)).data);
    assert.equal(got, expected);
    const { file: kept, decoded } = (await visit.end()) as CacheReport;
    assert.ok(kept === none && (decoded === null || decoded === none), `budget ${budget}`);
    assert.equal(caches.files!.usedBytes + caches.decoded!.usedBytes, 0);
  }
});

test('a full disk, a folder that is a file and damage cost a warning, never a byte', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(images, 'shapes.jpg');
  const file = await readFile(path);
  await writeFile(join(folder, 'file'), 'no folder');
  const visitOf = (place: string, mayStore = true): SampleVisit =>
    new SampleVisit(threadCaches(null), {
      location: located(path, file.length),
      limits: defaultLimits,
      cache: { ...cold, disk: { path: place, mayStore, size: 0 } },
    });
  const below = visitOf(join(folder, 'file', 'ab', 'x'));
  assert.ok((await below.read()).equals(file));
  assert.deepEqual((await below.end())!.failure?.isWrite, true);
  const place = join(folder, 'ab', 'name');
  const first = visitOf(place);
  assert.ok((await first.read()).equals(file));
  assert.deepEqual(await first.end(), {
    file: null,
    decoded: null,
    disk: 'miss',
    isStored: true,
    damage: null,
    failure: null,
  });
  const second = visitOf(place);
  assert.ok((await second.read()).equals(file));
  assert.equal((await second.end())!.disk, 'hit');
  await rm(place);
  await mkdir(join(place, 'inside'), { recursive: true });
  const third = visitOf(place);
  assert.ok((await third.read()).equals(file));
  const report = (await third.end())!;
  assert.deepEqual([report.disk, report.damage, report.isStored], ['miss', 'no regular file', true]);
  const fourth = visitOf(place);
  await fourth.read();
  assert.equal((await fourth.end())!.disk, 'hit');
});
