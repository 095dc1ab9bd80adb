import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleavedBytes } from '../../../src/augment/simd/image.js';
import { openKernels } from '../../../src/augment/simd/kernels.js';
import { columnsOf, packCrop, packImage, unpackCrop, unpackImage } from '../../../src/augment/simd/packed.js';
import { numbers, randomImages } from '../cases.js';

const pixelOf = (image: Uint8Array, i: number) => image[3 * i]! * 65536 + image[3 * i + 1]! * 256 + image[3 * i + 2]!;

test('an image is packed and unpacked without a change, at any width', () => {
  for (const size of [1, 3, 4, 7, 16, 33]) {
    const kernels = openKernels();
    const image = randomImages(1, size, numbers(size));
    image.set([255, 255, 255], image.length - 3);
    const address = kernels.allocate(interleavedBytes(size));
    kernels.bytes().set(image, address);
    const columns = columnsOf(size);
    const packed = new Float32Array(new SharedArrayBuffer(4 * columns * size));
    packImage(kernels, address, size, packed);
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) assert.equal(packed[y * columns + x], pixelOf(image, y * size + x));
    assert.ok(packed.every((value) => value >= 0 && value < 2 ** 24));
    const back = unpackImage(kernels, packed, size);
    assert.deepEqual(kernels.bytes().slice(back, back + image.length), image);
  }
});

test('a crop of any length and alignment is packed pixel by pixel, strip by strip, and unpacked', () => {
  for (const [count, shift] of [
    [0, 0],
    [1, 1],
    [5, 3],
    [2 ** 16, 0],
    [2 ** 16 + 3, 2],
    [3 * 2 ** 16 + 1, 0],
  ] as const) {
    const next = numbers(count);
    const data = new Uint8Array(shift + 3 * count).subarray(shift);
    for (let i = 0; i < data.length; i++) data[i] = next() * 256;
    const kernels = openKernels();
    const packed = new Float32Array(count + 2).fill(-1).subarray(1, count + 1);
    packCrop(kernels, { data, width: count, height: 1 }, packed);
    for (let i = 0; i < count; i++) assert.equal(packed[i], pixelOf(data, i));
    assert.deepEqual([new Float32Array(packed.buffer)[0], new Float32Array(packed.buffer).at(-1)], [-1, -1]);
    kernels.reset();
    assert.deepEqual(unpackCrop(kernels, packed), Uint8Array.from(data));
  }
});
