import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBrokenExif, readDirectory } from '../../src/decode/exif.js';

type Row = readonly [tag: number, type: number, count: number, value: number];

/** A directory of little-endian tags at 8, its values in the rows. */
function tiff(...rows: Row[]): Buffer {
  const out = Buffer.alloc(8 + 2 + rows.length * 12 + 4);
  out.write('II*\0', 0, 'latin1');
  out.writeUInt32LE(8, 4);
  out.writeUInt16LE(rows.length, 8);
  for (const [i, [tag, type, count, value]] of rows.entries()) {
    out.writeUInt16LE(tag, 10 + i * 12);
    out.writeUInt16LE(type, 12 + i * 12);
    out.writeUInt32LE(count, 14 + i * 12);
    out.writeUInt32LE(value, 18 + i * 12);
  }
  return out;
}

const exif = (...rows: Row[]) => Buffer.concat([Buffer.from('Exif\0\0'), tiff(...rows)]);

test('a directory has the entries whose types and places are known', () => {
  const file = tiff([256, 4, 1, 77], [257, 99, 1, 1], [258, 3, 3, 8], [259, 3, 9, 1e9], [260, 3, 1, 1]);
  const { entries } = readDirectory(file, 8, true);
  assert.deepEqual([...entries.keys()], [256, 258]);
  assert.equal(entries.get(256)!.data.readUInt32LE(0), 77);
  assert.deepEqual([...entries.get(258)!.data], [...file.subarray(8, 14)]);
  assert.equal(readDirectory(file, 1e9, true).entries.size, 0);
});

test('data without a head of eight bytes, or with a resolution of one byte, breaks; what is no data does not', () => {
  const resolution: Row = [0x0128, 3, 1, 2];
  assert.equal(isBrokenExif(exif(resolution, [0x011a, 5, 1, 8])), false);
  assert.equal(isBrokenExif(exif(resolution, [0x011a, 7, 1, 8])), true);
  assert.equal(isBrokenExif(exif(resolution, [0x011a, 2, 2, 0x32])), true);
  assert.equal(isBrokenExif(exif(resolution, [0x011a, 2, 3, 0x3232])), false);
  assert.equal(isBrokenExif(exif([0x011a, 7, 1, 8])), false);
  assert.equal(isBrokenExif(exif().subarray(0, 12)), true);
  assert.equal(isBrokenExif(Buffer.from('Exif\0\0')), false);
  assert.equal(isBrokenExif(Buffer.from('Exif\0\0what')), false);
});
