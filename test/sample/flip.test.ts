import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawFlip } from '../../src/sample/flip.js';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';

test('at probability 0 nothing is drawn, at 1 it always applies, and one value is drawn', () => {
  const [drawn, plain] = [mersenneTwister(3), mersenneTwister(3)];
  assert.equal(drawFlip(drawn, 0), false);
  assert.equal(drawFlip(drawn, 1), true);
  plain.rand();
  assert.equal(drawn.rand(), plain.rand());
  // torch.manual_seed(42); torch.rand(1) is 0.8822...
  assert.deepEqual([drawFlip(mersenneTwister(42), 0.88), drawFlip(mersenneTwister(42), 0.89)], [false, true]);
});
