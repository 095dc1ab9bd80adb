import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { nativePixels } from '../../src/decode/native-pixels.js';

const pixels = Buffer.from(Array.from({ length: 5 * 4 * 3 }, (_, i) => i * 4));
const file = await sharp(pixels, { raw: { width: 5, height: 4, channels: 3 } })
  .webp({ lossless: true })
  .toBuffer();
const box = { top: 1, left: 2, width: 2, height: 2 };
const expected = [1, 2].flatMap((row) => [...pixels.subarray((row * 5 + 2) * 3, (row * 5 + 4) * 3)]);

test('a box comes whether it is cut before or after decoding', async () => {
  const asked = { width: 5, height: 4, pixels: 100, box };
  assert.deepEqual([...(await nativePixels(file, asked))], expected);
  assert.deepEqual([...(await nativePixels(file, { ...asked, decodesAll: true }))], expected);
  assert.equal((await nativePixels(file, { ...asked, box: { ...box, width: 0 } })).length, 0);
});

test('an image that is turned, or is not of the size of its header, is seen to', async () => {
  const orientation = { flipsColumns: true, flipsRows: false, swaps: false };
  const turned = await nativePixels(file, { width: 5, height: 4, pixels: 100, box, orientation, decodesAll: true });
  const mirrored = [1, 2].flatMap((row) =>
    [2, 1].flatMap((column) => [...pixels.subarray((row * 5 + column) * 3, (row * 5 + column + 1) * 3)]),
  );
  assert.deepEqual([...turned], mirrored);
  const whole = { top: 0, left: 0, width: 5, height: 5 };
  await assert.rejects(nativePixels(file, { width: 5, height: 5, pixels: 100, box: whole }), /do not fill/);
});
