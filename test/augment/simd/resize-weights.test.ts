import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ResizeWeights, resizeWeights } from '../../../src/augment/simd/resize-weights.js';

test('the two tables of a resize outlive one another, however large, and one that was let go is made again', () => {
  const [columns, copy] = [resizeWeights(200_000, 4_000, 'BICUBIC'), resizeWeights(200_000, 4_000, 'BICUBIC')];
  assert.equal(columns, copy);
  const expected = { bounds: columns.bounds.slice(), weights: columns.weights.slice(), pairs: columns.pairs };
  // Alone more than all that is kept, so that everything before it is let go.
  const rows = resizeWeights(600_000, 4_000, 'BICUBIC');
  assert.ok(rows.weights.byteLength > 8 * 1024 * 1024);
  assert.deepEqual(columns, expected);
  for (let input = 150_000; input < 156_000; input += 1_000) resizeWeights(input, 4_000, 'BICUBIC');
  assert.deepEqual(resizeWeights(200_000, 4_000, 'BICUBIC'), expected);
});

test('a table is the same whatever was computed before it', () => {
  const first = resizeWeights(37, 224, 'BILINEAR');
  const expected = { bounds: first.bounds.slice(), weights: first.weights.slice(), pairs: first.pairs };
  // Tables enough to push it out, the last of many taps, whose scratch it then finds.
  for (let input = 300_000; input < 304_000; input += 1_000) resizeWeights(input, 4_000, 'BICUBIC');
  const again = resizeWeights(37, 224, 'BILINEAR');
  assert.notEqual(again, first);
  assert.deepEqual(again, expected);
});

test('a part of a table is that part of the whole, and costs no more than itself', () => {
  const taps = ({ weights, pairs }: ResizeWeights, x: number, count: number) =>
    weights.slice(4 * pairs * x, 4 * (pairs * x + count));
  for (const [input, output, first, count] of [
    [37, 224, 100, 24],
    [1000, 300, 299, 1],
    [640, 383, 80, 224],
  ] as const)
    for (const filter of ['BILINEAR', 'BICUBIC'] as const) {
      const whole = resizeWeights(input, output, filter);
      const part = resizeWeights(input, output, filter, first, count);
      assert.deepEqual(part.bounds, whole.bounds.slice(2 * first, 2 * (first + count)));
      for (let x = 0; x < count; x++) {
        const pairs: number = part.bounds[2 * x + 1]!;
        assert.deepEqual(taps(part, x, pairs), taps(whole, first + x, pairs));
      }
    }
  const strip = resizeWeights(200_000, 200_000 * 256, 'BICUBIC', 25_599_888, 224);
  assert.deepEqual([strip.bounds.length, strip.pairs], [448, 2]);
});
