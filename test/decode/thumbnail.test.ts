import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { thumbnail } from '../../src/decode/thumbnail.js';

test('a wide image stands in the middle of a white square', async () => {
  const file = await sharp({
    create: { width: 80, height: 20, channels: 4, background: { r: 0, g: 0, b: 255, alpha: 1 } },
  })
    .png()
    .toBuffer();
  const pixels = await thumbnail(file, 16);
  assert.equal(pixels.length, 16 * 16 * 3);
  const row = (y: number) => [...pixels.subarray(y * 48, y * 48 + 3)];
  assert.deepEqual(
    [row(0), row(8), row(15)],
    [
      [255, 255, 255],
      [0, 0, 255],
      [255, 255, 255],
    ],
  );
});
