import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blurWeights } from '../../src/augment/blur-weights.js';
import { inverseAffineMatrix, rotateMatrix } from '../../src/augment/simd/affine-matrix.js';
import { createSimdBackend, memoryBound, SimdKernels } from '../../src/augment/simd.js';
import type { DrawStep, OperationName } from '../../src/sample/draw.js';
import {
  anySteps,
  difference,
  draw,
  interpolations,
  numbers,
  partsOf,
  type ResizeCase,
  randomImages,
  resizeDraw,
  scene,
  stepCases,
  whole,
} from './cases.js';
import { resizeReference } from './resize-reference.js';
import { reference, stepReference } from './step-reference.js';

const kernels = SimdKernels.create();
const seed = fc.nat(2 ** 31);

test('resize, window and flips are Pillow’s formulas', () => {
  const resizes = fc
    .record({
      width: fc.integer({ min: 1, max: 300 }),
      height: fc.integer({ min: 1, max: 300 }),
      size: fc.integer({ min: 1, max: 70 }),
      more: fc.tuple(fc.nat(9), fc.nat(9)),
      cut: fc.tuple(fc.nat(9), fc.nat(9)),
      hflip: fc.boolean(),
      vflip: fc.boolean(),
      interpolation: fc.constantFrom(...interpolations),
    })
    .map(({ more, cut, ...rest }): ResizeCase => {
      const to = [rest.size + more[0], rest.size + more[1]] as const;
      return { ...rest, to, left: Math.min(cut[0], more[0]), top: Math.min(cut[1], more[1]) };
    });
  fc.assert(
    fc.property(resizes, seed, (each, random) => {
      const { width, height, size } = each;
      const data = scene(width, height, numbers(random));
      const out = new Uint8Array(size * size * 3);
      kernels.run({ data, width, height }, resizeDraw(each), size, out);
      assert.equal(difference(out, resizeReference(data, each), size), undefined);
    }),
    { numRuns: 150 },
  );
});

for (const name of Object.keys(stepCases) as OperationName[]) {
  test(`${name} is Pillow’s formula`, () => {
    const next = numbers(7 + name.length);
    for (const step of stepCases[name]) {
      const size = 5 + Math.floor(next() * 40);
      const data = scene(size, size, next);
      const out = data.slice();
      kernels.apply(out, size, [step]);
      const wanted = stepReference(data, size, step);
      assert.equal(difference(out, wanted, size), undefined, `${JSON.stringify(step)} at ${size}`);
    }
  });
}

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
        kernels.run({ data, width: size, height: size }, each, size, out);
        assert.equal(difference(out, wanted.subarray(i * length, (i + 1) * length), size), undefined);
        const end = Math.floor(next() * (steps.length + 1));
        kernels.runPrefix({ data, width: size, height: size }, each, end, size, out);
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
  kernels.run({ data, width: 50, height: 40 }, each, size, shared.subarray(100, 100 + length));
  assert.ok(shared.subarray(0, 100).every((byte) => byte === 99));
  assert.ok(shared.subarray(100 + length).every((byte) => byte === 99));
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
  fresh.run({ data, width: 5472, height: 3648 }, each, size, out);
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

test('blur weights sum to 65536, are even, and fit the lanes that the kernels use', () => {
  fc.assert(
    fc.property(fc.float({ min: Math.fround(0.01), max: 100, noNaN: true }), (sigma) => {
      const weights = blurWeights(sigma);
      assert.equal(
        weights.reduce((sum, weight) => sum + weight, 0),
        65536,
      );
      assert.deepEqual(weights, weights.toReversed());
      assert.ok(weights.every((weight, i) => weight >= 0 && (i === 4 || weight < 32768)));
    }),
  );
});

test('affine matrices are the numbers that Python computes', () => {
  // [round(cos(a), 15), round(sin(a), 15)] with a = -radians(-9 % 360)
  const [cos, sin] = rotateMatrix(224, -9);
  assert.deepEqual([cos, sin], [0.987688340595138, 0.156434465040231]);
  assert.deepEqual(
    inverseAffineMatrix([112, 112], [30, -7], [0, 0]).map((x) => x + 0),
    [1, 0, -30, 0, 1, 7],
  );
});
