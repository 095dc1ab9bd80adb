import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawGaussianBlur } from '../../src/sample/gaussian-blur.js';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';

test('whether it applies is drawn before the sigma, and neither where the transform is left out', () => {
  const [drawn, plain] = [mersenneTwister(42), mersenneTwister(42)];
  assert.deepEqual(drawGaussianBlur(drawn, 0), []);
  assert.deepEqual(drawGaussianBlur(drawn, 0.5), []);
  plain.rand();
  plain.rand();
  assert.deepEqual(drawGaussianBlur(drawn, 1), [{ op: 'gaussianBlur', sigma: plain.uniform(0.1, 2) }]);
});
