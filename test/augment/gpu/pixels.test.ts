import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, flatten, pack, unpack } from '../../../src/augment/gpu/pixels.js';
import { numbers, randomImages } from '../cases.js';

test('an image is packed and unpacked without a change, at any width', () => {
  for (const size of [1, 3, 4, 7, 16]) {
    const image = randomImages(1, size, numbers(size));
    const packed = new Float32Array(columnsOf(size) * size).fill(-1);
    pack(image, size, packed);
    assert.equal(packed[0], image[0]! * 65536 + image[1]! * 256 + image[2]!);
    assert.equal(
      packed.filter((pixel) => pixel === -1).length,
      (columnsOf(size) - size) * size,
      'columns past the width',
    );
    const out = new Uint8Array(image.length);
    unpack(packed, size, out);
    assert.deepEqual(out, image);
  }
});

test('rows become one array, which is the readback itself where they are views of it', () => {
  const whole = Float32Array.from({ length: 12 }, (_, i) => i);
  const views = [0, 1].map((image) =>
    [0, 1].map((row) => whole.subarray(6 * image + 3 * row, 6 * image + 3 * row + 3)),
  );
  assert.equal(flatten(views, 12).buffer, whole.buffer);
  assert.deepEqual(
    flatten(
      views.map((rows) => rows.map((row) => row.slice())),
      12,
    ),
    whole,
  );
});
