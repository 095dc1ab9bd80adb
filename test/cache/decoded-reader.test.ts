import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { decodedReader } from '../../src/cache/decoded-reader.js';
import { sampleReader } from '../../src/cache/sample-reader.js';
import { findPositions } from '../../src/decode/baseline-jpeg.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { readTables } from '../../src/decode/jpeg-tables.js';
import { probe } from '../../src/decode/probe.js';
import { TributaryError } from '../../src/errors.js';
import { Arena, arenaBuffers } from '../../src/memory/arena.js';
import { defaultLimits } from '../../src/run/limits.js';
import type { Box } from '../../src/sample/draw.js';
import { writePositions } from '../../src/sources/manifest/positions-file.js';
import { temporaryFolder } from '../sources/tree.js';
import { filled, large, lookupOf, none } from './lookups.js';

const images = fileURLToPath(new URL('../../../test/vectors/images/', import.meta.url));
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
  const decoded = large();
  const reader = sampleReader({ memory: arenaBuffers(2 ** 20, 4096), decoded });
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
        const first = lookupOf(path, file);
        const got = await said(async () => {
          const opened = await reader.open(first);
          try {
            return Buffer.from((await opened.crop(box)).data);
          } finally {
            await opened.end();
          }
        });
        assert.equal(got, expected, `${path} cold ${JSON.stringify(box)}`);
        const chain = filled(first, 'decoded');
        if (chain === undefined) {
          if (kind > 0) refusedWhole++;
          reader.forget([first]);
          continue;
        }
        assert.equal(filled(first, 'memory'), undefined, 'held twice');
        if (kind > 0) damagedYetHeld++;
        // Gone from the storage: nothing is read any more.
        await rm(path);
        const again = await reader.open(lookupOf(path, file, { in: 'decoded', chain }));
        assert.deepEqual(await again.size(), { width, height });
        assert.equal(Buffer.from((await again.crop(box)).data).toString('hex'), expected, `${path} warm`);
        reader.forget([first]);
        await writeFile(path, file);
      }
    }
  }
  assert.equal(new Arena(decoded).usedBytes, 0);
  assert.ok(refusedWhole > 0 && damagedYetHeld > 0, `${refusedWhole} refused, ${damagedYetHeld} held`);
});

test('an image that is damaged below the box is refused, as it is without a cache', async (context) => {
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
  const decoded = large();
  const reader = sampleReader({ memory: none, decoded });
  const verdicts: string[] = [];
  for (const box of [top, bottom]) {
    const lookup = lookupOf(path, file);
    const opened = await reader.open(lookup);
    const got = await said(async () => (await opened.crop(box)).data);
    await opened.end();
    assert.equal(got, await plainly(file, box));
    assert.deepEqual(lookup.news, []);
    verdicts.push(got.slice(0, 14));
  }
  assert.deepEqual(verdicts, ['SAMPLE_CORRUPT', 'SAMPLE_CORRUPT']);
  assert.equal(new Arena(decoded).usedBytes, 0);
});

test('a held image is no excuse from a run of stricter limits', async (context) => {
  const folder = await temporaryFolder(context);
  const file = await readFile(join(images, 'shapes.jpg'));
  const path = join(folder, 'shapes.jpg');
  await writeFile(path, file);
  const image = await probe(file, defaultLimits);
  const reader = sampleReader({ memory: none, decoded: large() });
  const first = lookupOf(path, file);
  const opened = await reader.open(first);
  await opened.crop({ top: 0, left: 0, width: 1, height: 1 });
  await opened.end();
  const held = { in: 'decoded', chain: filled(first, 'decoded')! } as const;
  const fits = { ...defaultLimits, pixels: image.width * image.height, bytes: file.length };
  const sizeWithin = async (limits: typeof defaultLimits) =>
    (await reader.open(lookupOf(path, file, held, limits))).size();
  await rm(path);
  assert.deepEqual(await sizeWithin(fits), { width: image.width, height: image.height });
  await writeFile(path, file);
  await assert.rejects(sizeWithin({ ...fits, pixels: fits.pixels - 1 }), /SAMPLE_CORRUPT|pixels/);
  await assert.rejects(sizeWithin({ ...fits, bytes: fits.bytes - 1 }), /SAMPLE_CORRUPT|bytes/);
});

test('a cache smaller than one image holds nothing and changes nothing', async () => {
  const path = join(images, 'shapes.jpg');
  const file = await readFile(path);
  const image = await probe(file, defaultLimits);
  const box = { top: 1, left: 2, width: 30, height: 20 };
  const expected = await plainly(file, box);
  for (const budget of [1, 5000, 20_000, image.width * image.height * 3]) {
    const memory = arenaBuffers(Math.min(budget, file.length), 4096);
    const decoded = arenaBuffers(budget, 16_384);
    const lookup = lookupOf(path, file);
    const opened = await sampleReader({ memory, decoded }).open(lookup);
    assert.equal(await said(async () => (await opened.crop(box)).data), expected);
    await opened.end();
    assert.ok(
      lookup.news.every(({ kind }) => kind === 'full'),
      `budget ${budget}`,
    );
    assert.equal(new Arena(memory).usedBytes + new Arena(decoded).usedBytes, 0);
  }
});

test('a file that is longer than the limits allow is refused before it is read', async () => {
  const reader = decodedReader(new Arena(none), async () => assert.fail('it was read'));
  const { location, ...lookup } = lookupOf('/nowhere/long.jpg', Buffer.alloc(0));
  for (const [length, bytes] of [
    [1001, 1000],
    [2 ** 31, 2 ** 40],
  ] as const)
    await assert.rejects(
      reader({ ...lookup, location: { ...location, length }, limits: { ...defaultLimits, bytes } }),
      (error) => error instanceof TributaryError && error.metadata.cause === 'too-many-bytes',
    );
});

test('a file is decoded from the positions that are kept of it beside its manifest', async (context) => {
  const folder = await temporaryFolder(context);
  const file = await readFile(join(images, 'waves.jpg'));
  const tables = readTables(file)!;
  const positions = findPositions(file, tables)!;
  // Another coefficient before the last one, with the CRC-32 that fits: what it gives is seen.
  const others = Buffer.from(positions);
  const last = others.length - 1;
  others[last] = others[last]! ^ 0x3e;
  others.writeUInt32LE(crc32(others.subarray(4)), 0);
  const sound = join(folder, 'sound.jpg');
  await writeFile(sound, file);
  const kept = join(folder, 's.positions');
  async function* found(): AsyncGenerator<Buffer[]> {
    yield [positions, others, Buffer.alloc(0)];
  }
  await writePositions(kept, { count: 3, fingerprint: '0'.repeat(64) }, found());
  const { width, height } = tables;
  const box = { top: height - 5, left: width - 5, width: 5, height: 5 };
  const reader = sampleReader({ memory: none, decoded: none });
  const cropped = async (place?: { path: string; index: number }) => {
    const lookup = lookupOf(sound, file);
    const location = place === undefined ? lookup.location : { ...lookup.location, positions: place };
    const image = await reader.open({ ...lookup, location });
    const { data } = await image.crop(box);
    await image.end();
    return Buffer.from(data).toString('hex');
  };
  const expected = await cropped();
  for (const index of [0, 2, 3]) assert.equal(await cropped({ path: kept, index }), expected);
  assert.notEqual(await cropped({ path: kept, index: 1 }), expected);
  assert.equal(await cropped({ path: join(folder, 'none'), index: 0 }), expected);
});
