import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptyCargo, fieldsOf } from '../../../src/augment/cargo.js';
import { cropClaim, tapsBound, writeCropTables, writeUnusedRows } from '../../../src/augment/gpu/crop-tables.js';
import { sampleAt, sampleWidth } from '../../../src/augment/gpu/resize-kernel.js';
import { resizeWeights } from '../../../src/augment/simd/resize-weights.js';
import { resizeDraw } from '../cases.js';

const geometry = (width: number, height: number, hflip: boolean) =>
  resizeDraw({
    ...{ width, height, to: [4, 4], left: 0, top: 0, size: 4 },
    ...{ hflip, vflip: false, interpolation: 'NEAREST' },
  }).geometry;

test('rows say whose they are and where they lie, taps what an output reads, and flips are in them', () => {
  const fields = fieldsOf(emptyCargo({ images: 2, size: 4, kind: 'crops' }));
  for (const field of Object.values(fields)) field.fill(99);
  writeUnusedRows(fields.rows, 2);
  const claimed = cropClaim({ width: 8, height: 2 }, geometry(8, 2, true), 4)!;
  assert.equal(claimed, 16);
  writeCropTables(fields, 1, 4, 2, { offset: 4, width: 8, height: 2 }, claimed, geometry(8, 2, true));
  writeCropTables(fields, 0, 4, 2, { offset: 20, width: 0, height: 3 }, 0, geometry(0, 3, false));
  const { rows, samples, starts, weights } = fields;
  assert.deepEqual(
    [...rows.subarray(0, 12)],
    [2, 0, 2, 0, 1, 4, 1, 12, 2, 0, 2, 0],
    'others are of the sample that is none',
  );
  assert.deepEqual([...starts.subarray(8, 12)], [7, 5, 3, 1]);
  assert.deepEqual([...starts.subarray(12, 16)], [0, 0, 1, 1]);
  const entry = samples.subarray(sampleWidth, 2 * sampleWidth);
  assert.deepEqual([entry[sampleAt.across], entry[sampleAt.down], entry[sampleAt.firstRow]], [1, 1, 2]);
  assert.deepEqual([entry[sampleAt.acrossWeights], entry[sampleAt.downWeights]], [16, 20]);
  assert.ok(weights.subarray(16, 24).every((weight) => weight === 2 ** 22));
  assert.equal(weights[24], 99);
  assert.ok(
    samples.subarray(0, sampleWidth).every((value) => value === 0),
    'an empty crop has no taps',
  );
});

test('a crop claims whole rows of results, in which its pixels, its rows and its weights have room', () => {
  const side = fc.integer({ min: 1, max: 900 });
  fc.assert(
    fc.property(side, side, fc.constantFrom(8, 33, 224), (width, height, size) => {
      const each = { width, height, to: [size, size] as const, left: 0, top: 0, size, hflip: false, vflip: false };
      const { geometry } = resizeDraw({ ...each, interpolation: 'BICUBIC' });
      const claimed = cropClaim({ width, height }, geometry, size);
      if (claimed === null) return;
      const taps = tapsBound(width, size, 'BICUBIC') + tapsBound(height, size, 'BICUBIC');
      assert.equal(claimed % size, 0);
      assert.ok(claimed >= width * height && 2 * claimed >= height * size && 16 * claimed >= taps * size * size);
    }),
  );
});

test('no resize has more taps than the bound says', () => {
  const filter = fc.constantFrom('BILINEAR' as const, 'BICUBIC' as const);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 600 }), filter, (from, to, name) => {
      const { pairs } = resizeWeights(from, to, name);
      assert.ok(Math.min(2 * pairs, from) <= tapsBound(from, to, name));
    }),
    { numRuns: 200 },
  );
});
