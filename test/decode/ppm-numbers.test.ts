import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerOf, levelOf } from '../../src/decode/ppm-numbers.js';

test('numbers are those of Python’s int', () => {
  assert.deepEqual(['12', '+1', '-1', '1_0', '007'].map(integerOf), [12, 1, -1, 10, 7]);
  for (const none of ['', '1_', '_1', '1__0', '1.0', '0x1', '١']) assert.equal(integerOf(none), null, none);
});

test('levels are shares of 255, of 65,535 for grey beyond 8 bits, halves to the even neighbour', () => {
  assert.deepEqual(
    [1, 3, 5].map((value) => levelOf(value, 510, 3)),
    [0, 2, 2],
  );
  assert.equal(levelOf(1, 1, 1), 255);
  assert.equal(levelOf(150, 300, 1), 32_768);
  assert.equal(levelOf(40_000, 65_535, 1), 40_000);
});
