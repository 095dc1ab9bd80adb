import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  inverseAffineMatrix,
  quarterTurns,
  rotateMatrix,
  shearMatrix,
  translateMatrix,
} from '../../../src/augment/simd/affine-matrix.js';

test('affine matrices are the numbers that Python computes', () => {
  // [round(cos(a), 15), round(sin(a), 15)] with a = -radians(-9 % 360)
  const [cos, sin] = rotateMatrix(224, -9);
  assert.deepEqual([cos, sin], [0.987688340595138, 0.156434465040231]);
  assert.deepEqual(
    inverseAffineMatrix([112, 112], [30, -7], [0, 0]).map((x) => x + 0),
    [1, 0, -30, 0, 1, 7],
  );
});

test('translations are whole pixels, and shears the tangent', () => {
  assert.deepEqual(translateMatrix(224, 30.9, -7.9), inverseAffineMatrix([112, 112], [30, -7], [0, 0]));
  assert.ok(Math.abs(shearMatrix(0.3, 0)[1] - 0.3) < 1e-15);
  assert.ok(Math.abs(shearMatrix(0, 0.3)[3] - 0.3) < 1e-15);
});

test('a quarter turn is one from either side, and nothing else is', () => {
  assert.deepEqual([0, 90, -90, 180, 360, -630].map(quarterTurns), [0, 1, 3, 2, 0, 1]);
  assert.equal(quarterTurns(89.9), null);
});
