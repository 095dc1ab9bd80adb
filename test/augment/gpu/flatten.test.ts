import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatten } from '../../../src/augment/gpu/flatten.js';

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
