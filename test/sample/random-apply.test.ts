import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Generator, mersenneTwister } from '../../src/sample/mersenne-twister.js';
import { drawApply, drawLess } from '../../src/sample/random-apply.js';
import { drawSolarize } from '../../src/sample/solarize.js';

/** A generator that has come to a given value, which takes a seed in 2^24 to find. */
const at = (value: number): Generator => ({ ...mersenneTwister(0), rand: () => value });

describe('the decision whether a transform applies', () => {
  // float32's 0.7 is a value that torch.rand can yield, and is below 0.7.
  const boundary = Math.fround(0.7);

  it('is strict for flips, grey and erasing, against a float32 probability', () => {
    assert.equal(drawLess(at(boundary), 0.7), false);
    assert.equal(drawLess(at(boundary - 2 ** -24), 0.7), true);
  });

  it('takes in the boundary for RandomApply', () => {
    assert.equal(drawApply(at(boundary), 0.7), true);
    assert.equal(drawApply(at(boundary + 2 ** -24), 0.7), false);
    assert.equal(drawApply(at(0), 0), true);
    assert.equal(drawApply(at(2 ** -24), 0), false);
  });

  it('is strict for solarize, against a double probability', () => {
    assert.deepEqual(drawSolarize(at(boundary), 0.7), [{ op: 'solarize', threshold: 128 }]);
    assert.deepEqual(drawSolarize(at(boundary + 2 ** -24), 0.7), []);
    assert.deepEqual(drawSolarize(at(0.5), 0.5), []);
  });
});
