import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutCrop } from '../../src/decode/cut-crop.js';

test('a box of a crop is its pixels, and an empty one has none', () => {
  const data = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => i);
  const cut = cutCrop({ data, width: 5, height: 4 }, { top: 1, left: 2, height: 2, width: 2 });
  assert.deepEqual([cut.width, cut.height], [2, 2]);
  assert.deepEqual([...cut.data], [21, 22, 23, 24, 25, 26, 36, 37, 38, 39, 40, 41]);
  assert.equal(cutCrop({ data, width: 5, height: 4 }, { top: 4, left: 0, height: 0, width: 5 }).data.length, 0);
});
