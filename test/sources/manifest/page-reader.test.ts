import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { loadManifest } from '../../../src/sources/manifest/manifest-file.js';
import { pageCrc, tailBytes } from '../../../src/sources/manifest/page-format.js';
import { keptPageBytes, openRanges, readEnd } from '../../../src/sources/manifest/page-reader.js';
import { rowsPerBatch } from '../../../src/sources/manifest/rows.js';
import { writtenManifest } from './written-manifest.js';

test('pages that are dropped and read again are what they were, within the bound', async (context) => {
  const [length, count] = [8192, 40 * rowsPerBatch + 3];
  const manifest = await loadManifest(await writtenManifest(context, count, length));
  assert.ok(length * count > 1.2 * keptPageBytes);
  global.gc?.();
  const before = process.memoryUsage().external;
  for (let i = 0; i < 3000; i++) {
    const index = (i * 7919) % count;
    assert.equal(Number(manifest.key(index)), index);
    assert.equal(manifest.size(index), index);
  }
  const held = process.memoryUsage().external - before;
  assert.ok(held < 1.5 * keptPageBytes, `${held} bytes`);
});

test('a damaged page is refused when it is asked for, and the others are not', async (context) => {
  const path = await writtenManifest(context, 3 * rowsPerBatch, 8);
  const bytes = await readFile(path);
  bytes[bytes.indexOf(String(rowsPerBatch + 1).padStart(8, '0'))] = 0x39;
  await writeFile(path, bytes);
  const manifest = await loadManifest(path);
  assert.equal(Number(manifest.key(rowsPerBatch - 1)), rowsPerBatch - 1);
  assert.throws(() => manifest.key(rowsPerBatch), { reason: 'MANIFEST_INVALID', message: /page 1 / });
  assert.equal(Number(manifest.key(2 * rowsPerBatch)), 2 * rowsPerBatch);
});

test('a table of pages that is damaged sends nobody elsewhere', async (context) => {
  const path = await writtenManifest(context, 3 * rowsPerBatch, 8);
  const bytes = await readFile(path);
  const { table } = readEnd(openRanges(path))!;
  for (const [value, length] of [
    [0, 16],
    [255, 16],
    [255, 8],
    [0, 4],
  ] as const) {
    await writeFile(path, Buffer.from(bytes).fill(value, table + 16, table + 16 + length));
    const manifest = await loadManifest(path);
    assert.equal(Number(manifest.key(0)), 0);
    assert.throws(() => manifest.key(rowsPerBatch), { reason: 'MANIFEST_INVALID', message: /page 1 / });
  }
});

test('a manifest that is written anew does not disturb who reads the one before', async (context) => {
  const [path, other] = [
    await writtenManifest(context, 3 * rowsPerBatch, 8),
    await writtenManifest(context, rowsPerBatch, 20),
  ];
  const manifest = await loadManifest(path);
  await rename(other, path);
  assert.equal(Number(manifest.key(2 * rowsPerBatch)), 2 * rowsPerBatch);
  assert.equal((await loadManifest(path)).count, rowsPerBatch);
});

test('what has the right sums and cannot be is refused all the same', async (context) => {
  const path = await writtenManifest(context, rowsPerBatch, 8);
  const bytes = await readFile(path);
  const { table } = readEnd(openRanges(path))!;
  const page = Buffer.from(bytes);
  const [offset, length] = [Number(page.readBigUInt64LE(table)), page.readUInt32LE(table + 8)];
  for (const [at, value] of [
    [4, -741_337_907],
    [4, 3],
    [4, 1 << 30],
  ] as const) {
    page.writeInt32LE(value, offset + at);
    page.writeUInt32LE(pageCrc(0, page.subarray(offset, offset + length)), table + 12);
    await writeFile(path, page);
    const manifest = await loadManifest(path);
    assert.throws(() => manifest.key(0), { reason: 'MANIFEST_INVALID', message: /page 0 of other rows/ });
  }
  const tailAt = bytes.indexOf('tributary-pages\0');
  for (const [at, value] of [
    [16, 0n],
    [24, 2n ** 62n],
  ] as const) {
    const tail = Buffer.from(bytes.subarray(tailAt, tailAt + tailBytes));
    if (at === 16) tail.writeUInt32LE(Number(value), at);
    else tail.writeBigUInt64LE(value, at);
    const details = bytes.subarray(tailAt - tail.readUInt32LE(20), tailAt);
    createHash('sha256')
      .update(tail.subarray(0, -32))
      .update(details)
      .digest()
      .copy(tail, tailBytes - 32);
    await writeFile(path, Buffer.concat([bytes.subarray(0, tailAt), tail, bytes.subarray(tailAt + tailBytes)]));
    await assert.rejects(loadManifest(path), { reason: 'MANIFEST_INVALID', message: /a table of pages that is none/ });
  }
});
