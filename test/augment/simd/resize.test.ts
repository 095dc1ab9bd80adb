import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearest } from '../../../src/augment/simd/resize.js';
import { SimdKernels } from '../../../src/augment/simd.js';
import { difference, interpolations, numbers, type ResizeCase, resizeDraw, scene } from '../cases.js';
import { resizeReference } from '../resize-reference.js';

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
      kernels.run({ data, width, height }, resizeDraw(each), out);
      assert.equal(difference(out, resizeReference(data, each), size), undefined);
    }),
    { numRuns: 150 },
  );
});

test('NEAREST takes the middle of what an output pixel covers', () => {
  assert.deepEqual([...nearest(5, 3)], [0, 2, 4]);
  assert.deepEqual([...nearest(2, 4)], [0, 0, 1, 1]);
  // A scale that is no binary fraction: the sum's rounding is carried into the part as well.
  assert.deepEqual(nearest(1000, 300_001, 250_000, 224), nearest(1000, 300_001).slice(250_000, 250_224));
});
