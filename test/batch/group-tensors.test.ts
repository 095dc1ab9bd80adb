import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { clearGaps, combineViews, groupTensors, placeOf, shapeOf, totalBytes } from '../../src/batch/group-tensors.js';
import { recipes } from '../../src/run/recipes.js';

const { knobs } = recipes[0]!;
const group = (name: string, size: number, count: number) => ({
  name,
  size,
  of: null,
  knobs: Array(count).fill(knobs),
});
const views = [group('big', 11, 2), group('small', 9, 3)];
const form = { type: 'UINT8', axes: 'NHWC' } as const;

test('each tensor starts at a multiple of 64 bytes, first view by first view or sample by sample', () => {
  const [big, small] = groupTensors(views, 5, form);
  assert.deepEqual([big!.offset, big!.byteSize, big!.shape], [0, 3630, [10, 11, 11, 3]]);
  assert.deepEqual([small!.offset, small!.shape], [3648, [15, 9, 9, 3]]);
  assert.equal(placeOf(big!, 3, 1), (5 + 3) * 363);
  const byAxes = groupTensors(views, 5, { type: 'FLOAT32', axes: 'NCHW', order: 'SAMPLE_MAJOR' });
  assert.deepEqual(byAxes[1]!.shape, [15, 3, 9, 9]);
  assert.equal(placeOf(byAxes[0]!, 3, 1), (3 * 2 + 1) * 363 * 4);
  assert.deepEqual(shapeOf(byAxes, views), [totalBytes(byAxes)]);
});

test('one view is one tensor of no more than its bytes', () => {
  const one = [group('image', 9, 1)];
  const tensors = groupTensors(one, 5, form);
  assert.deepEqual([totalBytes(tensors), shapeOf(tensors, one)], [5 * 243, [5, 9, 9, 3]]);
});

test('the CRC-32 of the whole is that of its views and of zeros between the tensors', () => {
  for (const samples of [5, 0]) {
    const tensors = groupTensors(views, samples, form);
    const data = Uint8Array.from({ length: totalBytes(tensors) }, (_, i) => i * 7);
    clearGaps(tensors, data);
    const crcOf = (place: number) => {
      const { viewBytes } = tensors.findLast(({ offset }) => offset <= place)!;
      return crc32(data.subarray(place, place + viewBytes));
    };
    assert.equal(combineViews(tensors, crcOf), crc32(data));
  }
});
