import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { loadManifest } from '../../../src/sources/manifest/manifest-file.js';
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
