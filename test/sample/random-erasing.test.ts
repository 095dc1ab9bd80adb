import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';
import { drawRandomErasing } from '../../src/sample/random-erasing.js';

test('one value is drawn even at 0, and at 1 the box lies inside and has its share of the area', () => {
  const [drawn, plain] = [mersenneTwister(5), mersenneTwister(5)];
  assert.equal(drawRandomErasing(drawn, 96, 0), null);
  plain.rand();
  assert.equal(drawn.rand(), plain.rand());
  for (let seed = 0; seed < 500; seed++) {
    const box = drawRandomErasing(mersenneTwister(seed), 96, 1);
    if (box === null) continue;
    const { top, left, width, height } = box;
    assert.ok(top >= 0 && left >= 0 && top + height <= 96 && left + width <= 96);
    const share = (width * height) / 96 ** 2;
    assert.ok(share > 0.015 && share < 0.34, `${share}`);
  }
});
