import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawMasks } from '../../src/sample/block-masks.js';

const masks = { patch: 16, probability: 0.5, ratio: [0.1, 0.5], aspect: 0.3 } as const;
const hidden = (bits: Uint8Array, image: number, patches: number) =>
  Array.from(
    { length: patches },
    (_, patch) => (bits[(image * patches + patch) >> 3]! >> ((image * patches + patch) & 7)) & 1,
  );

test('half of the images have a share of their patches hidden, from the least to the most, in an order of their own', () => {
  const { side, bits, upperbound } = drawMasks(7, 128, 224, masks);
  assert.equal(side, 14);
  const counts = Array.from({ length: 128 }, (_, image) => hidden(bits, image, 196).reduce((sum, bit) => sum + bit, 0));
  const wanted = Array.from({ length: 64 }, (_, i) => Math.trunc(196 * (0.1 + (0.4 * (i + 1)) / 64)));
  const found = counts.filter((count) => count > 0).toSorted((a, b) => a - b);
  assert.equal(found.length, 64);
  for (const [i, count] of found.entries()) assert.ok(Math.abs(count - wanted[i]!) <= 1, `${count} for ${wanted[i]}`);
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    upperbound,
  );
  assert.notDeepEqual(
    counts.slice(64),
    counts.slice(64).toSorted((a, b) => a - b),
  );
  assert.notEqual(counts.slice(0, 64).filter((count) => count > 0).length, 64, 'not all in front');
});

test('most of what is hidden stands in blocks', () => {
  const { bits } = drawMasks(3, 8, 224, { ...masks, probability: 1, ratio: [0.4, 0.5] });
  let [beside, all] = [0, 0];
  for (let image = 0; image < 8; image++) {
    const mask = hidden(bits, image, 196);
    for (const [patch, bit] of mask.entries()) {
      if (bit === 0) continue;
      all++;
      beside += patch % 14 < 13 ? mask[patch + 1]! : 0;
    }
  }
  assert.ok(beside / all > 0.6, `${beside} of ${all}`);
});

test('the seed decides, nothing is hidden at probability 0, and another order of the tensor moves whole masks', () => {
  assert.deepEqual(drawMasks(5, 6, 96, masks), drawMasks(5, 6, 96, masks));
  assert.notDeepEqual(drawMasks(6, 6, 96, masks), drawMasks(5, 6, 96, masks));
  const none = drawMasks(5, 6, 96, { ...masks, probability: 0 });
  assert.deepEqual([none.upperbound, none.bits.every((byte) => byte === 0)], [0, true]);
  const [plain, turned] = [drawMasks(5, 6, 96, masks), drawMasks(5, 6, 96, masks, (image) => 5 - image)];
  for (let image = 0; image < 6; image++)
    assert.deepEqual(hidden(turned.bits, 5 - image, 36), hidden(plain.bits, image, 36));
});
