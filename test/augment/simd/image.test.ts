import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleavedBytes, simdImage } from '../../../src/augment/simd/image.js';
import { type Kernels, openKernels } from '../../../src/augment/simd/kernels.js';
import { numbers, scene } from '../cases.js';

test('an image goes to planes and back, through its spares, without a change', () => {
  const kernels = openKernels();
  const size = 7;
  const data = scene(size, size, numbers(5));
  const address = kernels.allocate(interleavedBytes(size));
  kernels.bytes().set(data, address);
  const image = simdImage(kernels, address, size);
  assert.deepEqual(Buffer.from(image.pixels()), Buffer.from(data));
  const plane = ((image.area + 15) & ~15) + 16;
  const seen: string[] = [];
  const copied: [number, number][] = [];
  const copy = (from: number, to: number, bytes: number) => {
    copied.push([from, to]);
    kernels.bytes().copyWithin(to, from, from + bytes);
    return 0;
  };
  // Kernels of this test's own, in the place of the module's.
  const withKernels = (more: Kernels['run']): Kernels => ({ ...kernels, run: { ...kernels.run, ...more } });
  const image2 = simdImage(
    withKernels({
      look(pixels, given) {
        seen.push(`plane ${given}`);
        const planes = kernels.bytes().subarray(pixels);
        for (let i = 0; i < image.area; i++)
          for (let c = 0; c < 3; c++) assert.equal(planes[c * given! + i], data[3 * i + c]);
        return 0;
      },
      planes: (from, to, given) => copy(from!, to!, 3 * given!),
      interleaved: (from, to) => copy(from!, to!, interleavedBytes(size)),
    }),
    address,
    size,
  );
  image2.onPlanes('look');
  assert.deepEqual(seen, [`plane ${plane}`]);
  for (let i = 0; i < 2; i++) image2.betweenPlanes('planes');
  for (let i = 0; i < 2; i++) image2.betweenInterleaved('interleaved');
  assert.deepEqual(copied[0], copied[1]!.toReversed());
  assert.deepEqual(copied[2], copied[3]!.toReversed());
  assert.deepEqual(Buffer.from(image2.pixels()), Buffer.from(data));
});
