import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blurWeights } from '../../src/augment/blur-weights.js';

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
