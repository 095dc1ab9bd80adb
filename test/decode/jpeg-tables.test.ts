import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type JpegOptions } from 'sharp';
import { readTables } from '../../src/decode/jpeg-tables.js';

const [width, height] = [33, 21];
const encode = (options: JpegOptions = {}) =>
  sharp(Buffer.alloc(width * height * 3, 90), { raw: { width, height, channels: 3 } })
    .jpeg(options)
    .toBuffer();

test('a baseline file has its size, its samplings, its tables, and where its scan begins', async () => {
  for (const [chromaSubsampling, luma] of [
    ['4:2:0', [2, 2]],
    ['4:4:4', [1, 1]],
  ] as const) {
    const file = await encode({ chromaSubsampling });
    const tables = readTables(file)!;
    assert.deepEqual([tables.width, tables.height, tables.restartInterval], [width, height, 0]);
    assert.deepEqual(
      tables.components.map(({ across, down }) => [across, down]),
      [luma, [1, 1], [1, 1]],
    );
    assert.deepEqual(
      tables.quants.map(({ slot }) => slot),
      [0, 1],
    );
    assert.deepEqual(tables.huffmans.map(({ isAc, slot }) => [isAc, slot]).toSorted(), [
      [false, 0],
      [false, 1],
      [true, 0],
      [true, 1],
    ]);
    assert.ok(tables.scan > file.indexOf(Buffer.from([0xff, 0xda])) && tables.scan < file.length);
  }
});

test('a progressive file, one that strays, and one that is cut before its scan are not for this decoder', async () => {
  const file = await encode();
  assert.equal(readTables(await encode({ progressive: true })), null);
  assert.equal(readTables(Buffer.concat([file.subarray(0, 2), Buffer.from([0]), file.subarray(2)])), null);
  const { scan } = readTables(file)!;
  for (let length = 0; length < scan; length += 7) assert.equal(readTables(file.subarray(0, length)), null);
});
