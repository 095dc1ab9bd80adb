import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bmp } from '../../src/decode/bmp.js';
import { defaultLimits } from '../../src/run/limits.js';

const look = () => {};
/** A file of 2 x 2 pixels. */
function file(
  bits: number,
  pixels: readonly number[],
  given: { compression?: number; height?: number; palette?: readonly number[] } = {},
): Buffer {
  const { compression = 0, height = 2, palette = [] } = given;
  const head = Buffer.alloc(54);
  head.write('BM');
  head.writeUInt32LE(54 + palette.length, 10);
  head.writeUInt32LE(40, 14);
  head.writeUInt32LE(2, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(compression, 30);
  head.writeUInt32LE(palette.length / 4, 46);
  return Buffer.concat([head, Buffer.from(palette), Buffer.from(pixels)]);
}

const whole = { top: 0, left: 0, width: 2, height: 2 };
const decode = async (bytes: Buffer) => [...(await bmp.read(bytes, look)!.decode!(bytes, whole, defaultLimits))!.data];
const rows = [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12];
const palette = [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0];

test('rows stand bottom up unless the height is negative, and the last does without its padding', async () => {
  assert.deepEqual(await decode(file(24, rows)), [9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4]);
  assert.deepEqual(await decode(file(24, rows, { height: -2 })), [3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]);
  const cut = file(24, rows.slice(0, -1));
  await assert.rejects(decode(cut), { reason: 'SAMPLE_CORRUPT' });
});

test('palettes, run lengths and fields of 5 bits', async () => {
  const expected = [9, 8, 7, 3, 2, 1, 3, 2, 1, 6, 5, 4];
  assert.deepEqual(await decode(file(8, [0, 1, 0, 0, 2, 0], { palette })), expected);
  assert.deepEqual(await decode(file(8, [1, 0, 1, 1, 0, 0, 1, 2, 1, 0, 0, 1], { palette, compression: 1 })), expected);
  assert.deepEqual(
    await decode(file(16, [31, 0, 0, 124, 224, 3, 255, 127])),
    [0, 255, 0, 255, 255, 255, 0, 0, 255, 255, 0, 0],
  );
});

test('what Pillow refuses has no header', () => {
  assert.ok(bmp.matches(file(24, rows)));
  assert.equal(bmp.read(file(24, rows, { compression: 4 }), look), null);
  assert.equal(bmp.read(file(2, rows), look), null);
  assert.equal(bmp.read(file(24, rows).subarray(0, 40), look), null);
});
