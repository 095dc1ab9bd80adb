import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';
import { drawRandomResizedCrop } from '../../src/sample/random-resized-crop.js';

test('a crop has its share of the area and its shape, inside the image', () => {
  for (let seed = 0; seed < 500; seed++) {
    const { top, left, width, height } = drawRandomResizedCrop(
      mersenneTwister(seed),
      { width: 500, height: 375 },
      [0.2, 0.5],
      [0.75, 4 / 3],
    );
    assert.ok(top >= 0 && left >= 0 && top + height <= 375 && left + width <= 500);
    const share = (width * height) / (500 * 375);
    assert.ok(share > 0.19 && share < 0.51 && width / height > 0.74 && width / height < 1.35);
  }
});

test('where nothing fits, it is the middle, in the nearest shape', () => {
  const crop = (width: number, height: number) =>
    drawRandomResizedCrop(mersenneTwister(1), { width, height }, [1, 1], [0.75, 4 / 3]);
  assert.deepEqual(crop(10, 1000), { top: 493, left: 0, height: 13, width: 10 });
  assert.deepEqual(crop(1000, 10), { top: 0, left: 493, height: 10, width: 13 });
});
