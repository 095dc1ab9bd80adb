import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawGrayscale } from '../../src/sample/grayscale.js';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';

test('at probability 0 nothing is drawn; otherwise one value decides', () => {
  const [drawn, plain] = [mersenneTwister(42), mersenneTwister(42)];
  assert.deepEqual(drawGrayscale(drawn, 0), []);
  assert.deepEqual(drawGrayscale(drawn, 0.88), []);
  plain.rand();
  assert.equal(drawn.rand(), plain.rand());
  assert.deepEqual(drawGrayscale(mersenneTwister(42), 0.89), [{ op: 'grayscale' }]);
});
