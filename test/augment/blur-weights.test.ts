import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exactBlur, halfDistance } from '../../scripts/near-half.js';
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

test('no image is moved by these weights beyond the distance from a half that the promise states', () => {
  const float32Sums = 81 * 255 * 2 ** -24 + 255 * 2 ** -20;
  for (let k = 0; k <= 100_000; k++) {
    const sigma = Math.fround(0.1 + 1.9e-5 * k);
    const kernel = Array.from({ length: 9 }, (_, i) => Math.exp(-0.5 * ((i - 4) / sigma) ** 2));
    const total = kernel.reduce((sum, weight) => sum + weight, 0);
    const weights = blurWeights(sigma);
    let more = 0;
    for (let i = 0; i < 9; i++)
      for (let j = 0; j < 9; j++)
        more += Math.max(0, (weights[i]! * weights[j]!) / 2 ** 32 - (kernel[i]! * kernel[j]!) / total ** 2);
    // White where a weight is too large and black elsewhere is the worst image.
    assert.ok(255 * more + float32Sums < halfDistance, `sigma ${sigma}: ${255 * more}`);
  }
});

test('the exact blur is the sum over 81 reflected taps', () => {
  const size = 11;
  const image = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 7919) % 256);
  const reflect = (i: number) => (i < 0 ? -i : i >= size ? 2 * size - 2 - i : i);
  const weight = (i: number) => Math.exp(-0.5 * (i / 1.3) ** 2);
  const levels = exactBlur(image, size, 1.3);
  for (const [i, level] of levels.entries()) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
    let [sum, total] = [0, 0];
    for (let dy = -4; dy <= 4; dy++)
      for (let dx = -4; dx <= 4; dx++) {
        const w = weight(dx) * weight(dy);
        sum += w * image[(reflect(y + dy) * size + reflect(x + dx)) * 3 + c]!;
        total += w;
      }
    assert.ok(Math.abs(level - sum / total) < 1e-9);
  }
});
