import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleavedBytes, simdImage } from '../../../src/augment/simd/image.js';
import { instantiate } from '../../../src/augment/simd/kernels.js';
import { numbers, scene } from '../cases.js';

test('an image goes to planes and back, through its spares, without a change', () => {
  const kernels = instantiate();
  const size = 7;
  const data = scene(size, size, numbers(5));
  const address = kernels.allocate(interleavedBytes(size));
  kernels.bytes().set(data, address);
  const image = simdImage(kernels, address, size);
  assert.deepEqual(Buffer.from(image.pixels()), Buffer.from(data));
  image.onPlanes((_, pixels) => {
    const planes = kernels.bytes().subarray(pixels);
    for (let i = 0; i < image.area; i++)
      for (let c = 0; c < 3; c++) assert.equal(planes[c * image.plane + i], data[3 * i + c]);
  });
  const copied: [number, number][] = [];
  const copy = (from: number, to: number, bytes: number) => {
    copied.push([from, to]);
    kernels.bytes().copyWithin(to, from, from + bytes);
  };
  for (let i = 0; i < 2; i++) image.betweenPlanes((_, from, to) => copy(from, to, 3 * image.plane));
  for (let i = 0; i < 2; i++) image.betweenInterleaved((_, from, to) => copy(from, to, interleavedBytes(size)));
  assert.deepEqual(copied[0], copied[1]!.toReversed());
  assert.deepEqual(copied[2], copied[3]!.toReversed());
  assert.deepEqual(Buffer.from(image.pixels()), Buffer.from(data));
});
