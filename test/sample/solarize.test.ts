import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';
import { drawSolarize } from '../../src/sample/solarize.js';

test('at probability 0 nothing is drawn; otherwise one value decides, at the threshold 128', () => {
  const [drawn, plain] = [mersenneTwister(42), mersenneTwister(42)];
  assert.deepEqual(drawSolarize(drawn, 0), []);
  assert.deepEqual(drawSolarize(drawn, 0.88), []);
  plain.rand();
  assert.equal(drawn.rand(), plain.rand());
  assert.deepEqual(drawSolarize(mersenneTwister(42), 0.89), [{ op: 'solarize', threshold: 128 }]);
});
