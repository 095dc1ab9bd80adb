import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBackend } from '../../../src/augment/open-backend.js';
import type { DrawStep } from '../../../src/sample/draw.js';
import { difference, partsOf } from '../cases.js';
import { reference } from '../step-reference.js';

test('the mean of an image too large for one float32 sum is exact', async (t) => {
  const backend = await openBackend('webasm');
  t.after(() => backend.close());
  const size = 1024;
  // levels that put the mean next to a half, where one unit of the sum decides the rounding
  const images = new Uint8Array(2 * size * size * 3).fill(255);
  images.fill(254, 0, (size * size * 3) / 2 + 3);
  images.fill(254, size * size * 3, size * size * 3 + (size * size * 3) / 2);
  const lists = [3.7, 0.6].map((factor): DrawStep[] => [{ op: 'contrast', factor: Math.fround(factor) }]);
  const expected = reference(images, size, lists);
  await backend.apply(images, size, partsOf(lists));
  assert.equal(difference(images, expected, size), undefined);
});
