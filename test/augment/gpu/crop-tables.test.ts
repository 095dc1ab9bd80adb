import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCropTables, rowsOfRun, writeCropTables } from '../../../src/augment/gpu/crop-tables.js';
import { sampleAt, sampleWidth } from '../../../src/augment/gpu/resize-kernel.js';
import { resizeDraw } from '../cases.js';

const geometry = (width: number, height: number, hflip: boolean) =>
  resizeDraw({
    ...{ width, height, to: [4, 4], left: 0, top: 0, size: 4 },
    ...{ hflip, vflip: false, interpolation: 'NEAREST' },
  }).geometry;

test('rows say whose they are and where they lie, taps what an output reads, and flips are in them', () => {
  const tables = createCropTables(2, 4, 1);
  writeCropTables(
    4,
    [
      { geometry: geometry(8, 2, true), placed: { offset: 5, width: 8, height: 2 } },
      { geometry: geometry(0, 3, false), placed: { offset: 21, width: 0, height: 3 } },
    ],
    tables,
  );
  const { rows, samples, starts, weights } = tables;
  assert.equal(rows.length, 2 * rowsOfRun(2, 4, 1));
  assert.deepEqual([...rows.subarray(0, 6)], [0, 5, 0, 13, 2, 0], 'unused rows are of the sample that is none');
  assert.deepEqual([...starts.subarray(0, 4)], [7, 5, 3, 1]);
  assert.deepEqual([...starts.subarray(4, 8)], [0, 0, 1, 1]);
  assert.deepEqual([samples[sampleAt.across], samples[sampleAt.down], samples[sampleAt.downWeights]], [1, 1, 4]);
  assert.ok(weights.subarray(0, 8).every((weight) => weight === 2 ** 22));
  assert.ok(
    samples.subarray(sampleWidth).every((value) => value === 0),
    'an empty crop has no taps',
  );
});
