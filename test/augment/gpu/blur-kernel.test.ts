import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blurRadius, blurWeights } from '../../../src/augment/blur-weights.js';
import { blurWidth, writeBlur } from '../../../src/augment/gpu/blur-kernel.js';

test('a blur is its weights, whole and in two bytes, and what follows it', () => {
  for (const sigma of [0.1, 0.83, 2].map(Math.fround)) {
    const entry = new Float32Array(blurWidth);
    writeBlur(
      sigma,
      [
        [7, 128],
        [9, 0],
      ],
      entry,
    );
    const [blurs, ...rest] = entry;
    const [whole, high, low] = [rest.slice(0, 5), rest.slice(5, 10), rest.slice(10, 15)];
    assert.equal(blurs, 1);
    assert.deepEqual(whole, [...blurWeights(sigma).subarray(blurRadius)]);
    assert.deepEqual(
      high.map((part, j) => part * 256 + low[j]!),
      whole,
    );
    assert.deepEqual(rest.slice(15), [7, 128, 9, 0]);
  }
});
