import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blurWeights } from '../../src/augment/blur-weights.js';
import { createSimdBackend, memoryBound, SimdKernels } from '../../src/augment/simd.js';
import { boxIn } from '../../src/decode/cut-crop.js';
import type { DrawStep } from '../../src/sample/draw.js';
import {
  anySteps,
  difference,
  draw,
  interpolations,
  numbers,
  partsOf,
  randomImages,
  resizeDraw,
  scene,
  whole,
} from './cases.js';
import { reference } from './step-reference.js';

const kernels = SimdKernels.create();
const seed = fc.nat(2 ** 31);

test('lists of steps are the shared formulas, by every way in', async () => {
  const backend = await createSimdBackend();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 5, max: 70 }), seed, async (size, random) => {
      const next = numbers(random);
      const lists = [0, 1, 2].map(() => anySteps(next, 6));
      const images = randomImages(lists.length, size, next);
      const wanted = reference(images, size, lists);
      const length = size * size * 3;
      for (const [i, steps] of lists.entries()) {
        const data = images.subarray(i * length, (i + 1) * length);
        const each = draw({ steps, geometry: whole(size) });
        const out = new Uint8Array(new SharedArrayBuffer(length));
        kernels.run({ data, width: size, height: size }, each, out);
        assert.equal(difference(out, wanted.subarray(i * length, (i + 1) * length), size), undefined);
        const end = Math.floor(next() * (steps.length + 1));
        kernels.runPrefix({ data, width: size, height: size }, each, end, out);
        kernels.apply(out, size, steps.slice(end));
        assert.equal(difference(out, wanted.subarray(i * length, (i + 1) * length), size), undefined);
      }
      await backend.apply(images, size, partsOf(lists));
      assert.equal(difference(images, wanted, size), undefined);
    }),
    { numRuns: 60 },
  );
});

test('a blur that ends on a half is rounded up', () => {
  // With a side weight of 128 times an odd number, 0 between two columns of 128 comes to a whole level and a half.
  const sigma = Array.from({ length: 5000 }, (_, i) => Math.fround(0.27 + i / 50_000)).find((each) => {
    const [two, one] = blurWeights(each).subarray(2, 4) as unknown as [number, number];
    return two === 0 && one % 256 === 128;
  });
  assert.ok(sigma !== undefined);
  const size = 17;
  const pixels = Uint8Array.from({ length: size * size * 3 }, (_, i) =>
    (Math.floor(i / 3) % size) % 2 === 0 ? 128 : 0,
  );
  const each: DrawStep[] = [{ op: 'gaussianBlur', sigma }];
  const wanted = reference(pixels, size, [each]);
  kernels.apply(pixels, size, each);
  assert.equal(difference(pixels, wanted, size), undefined);
});

test('contrast counts whole images beyond 2^24', () => {
  const size = 518;
  const pixels = randomImages(1, size, numbers(518));
  const each: DrawStep[] = [{ op: 'contrast', factor: Math.fround(0.61) }];
  const wanted = reference(pixels, size, [each]);
  kernels.apply(pixels, size, each);
  assert.equal(difference(pixels, wanted, size), undefined);
});

test('out may be a window of shared memory, and no byte beside it changes', () => {
  const size = 13;
  const length = size * size * 3;
  const shared = new Uint8Array(new SharedArrayBuffer(length + 200)).fill(99);
  const data = scene(50, 40, numbers(3));
  const each = resizeDraw({
    ...{ width: 50, height: 40, to: [size, size], left: 0, top: 0, size },
    ...{ hflip: false, vflip: false, interpolation: 'BICUBIC' },
  });
  kernels.run({ data, width: 50, height: 40 }, each, shared.subarray(100, 100 + length));
  assert.ok(shared.subarray(0, 100).every((byte) => byte === 99));
  assert.ok(shared.subarray(100 + length).every((byte) => byte === 99));
});

test('boxes of a held crop are what they are alone, and nothing of it is read once it is held no more', () => {
  const next = numbers(16);
  const [width, height, size] = [90, 70, 20];
  const data = scene(width, height, next);
  const viewsOf = () =>
    Array.from({ length: 12 }, (_, i) => {
      const box = { left: 7 * i, top: 5 * i, width: width - 7 * i, height: height - 5 * i };
      const each = resizeDraw({
        ...{ width: box.width, height: box.height, to: [size, size], left: 0, top: 0, size },
        ...{ hflip: i % 2 === 0, vflip: i % 3 === 0, interpolation: interpolations[i % 3]! },
      });
      const out = new Uint8Array(size * size * 3);
      kernels.run(boxIn({ data, width, height }, box), each, out);
      return out;
    });
  const alone = viewsOf();
  const held = kernels.holding({ data, width, height }, () => {
    // What is held is a copy: that it is read at all shows in what is done to the crop since.
    const copy = data.slice();
    data.fill(0);
    const views = viewsOf();
    data.set(copy);
    return views;
  });
  for (const [i, out] of held.entries()) if (interpolations[i % 3] !== 'NEAREST') assert.deepEqual(out, alone[i]);
  data.fill(9);
  assert.ok(viewsOf().every((out) => out.every((byte) => byte === 9)));
});

test('a crop of 20 megapixels leaves memory small, and memory above the bound is given up', () => {
  const fresh = SimdKernels.create();
  const data = new Uint8Array(5472 * 3648 * 3).fill(77);
  const size = 224;
  const out = new Uint8Array(size * size * 3);
  const each = resizeDraw({
    ...{ width: 5472, height: 3648, to: [size, size], left: 0, top: 0, size },
    ...{ hflip: true, vflip: true, interpolation: 'BICUBIC' },
  });
  fresh.run({ data, width: 5472, height: 3648 }, each, out);
  assert.ok(out.every((byte) => byte === 77));
  assert.ok(fresh.memory < 8 * 1024 * 1024, `${fresh.memory}`);

  const side = 3601;
  const large = new Uint8Array(side * side * 3);
  fresh.apply(large, side, [{ op: 'invert' }]);
  const grown = fresh.memory;
  assert.ok(grown > memoryBound, `${grown}`);
  fresh.apply(large, side, [{ op: 'grayscale' }]);
  assert.equal(fresh.memory, grown);
  fresh.apply(new Uint8Array(75), 5, [{ op: 'invert' }]);
  assert.ok(fresh.memory < memoryBound, `${fresh.memory}`);
});
