import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type WebpOptions } from 'sharp';
import { webp } from '../../src/decode/webp.js';

const look = () => {};
const encode = (options: WebpOptions, channels: 3 | 4 = 3) =>
  sharp({ create: { width: 12, height: 34, channels, background: { r: 9, g: 90, b: 200, alpha: 0.5 } } })
    .webp(options)
    .toBuffer();

test('the size is read of lossy, lossless and extended files, and a cut one is not complete', async () => {
  for (const [file, kind] of [
    [await encode({}), 'VP8 '],
    [await encode({ lossless: true }), 'VP8L'],
    [await encode({}, 4), 'VP8X'],
  ] as const) {
    assert.equal(file.toString('latin1', 12, 16), kind);
    assert.ok(webp.matches(file));
    const header = webp.read(file, look)!;
    assert.deepEqual([header.width, header.height, header.decodesAll], [12, 34, false]);
    assert.equal(webp.read(file.subarray(0, -2), look)!.decodesAll, true);
    assert.equal(webp.read(file.subarray(0, 24), look), null);
  }
});

test('another chunk, or another start code, is no header', async () => {
  const file = await encode({});
  const other = Buffer.from(file);
  other.write('VP9 ', 12, 'latin1');
  const odd = Buffer.from(file);
  odd[23]! ^= 1;
  assert.deepEqual([webp.read(other, look), webp.read(odd, look)], [null, null]);
});
