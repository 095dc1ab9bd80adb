import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Crop } from '../../src/decode/crop.js';
import { copyRows } from '../../src/decode/cut-crop.js';
import { cutView, decodeUnion, union } from '../../src/decode/decode-union.js';
import type { Box } from '../../src/sample/draw.js';
import { draw, whole } from '../augment/cases.js';

const size = { width: 8, height: 6 };
const image = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => i);
const rows = ({ top, left, height, width }: Box) =>
  Array.from({ length: height }, (_, y) => [
    ...image.subarray(((top + y) * 8 + left) * 3, ((top + y) * 8 + left + width) * 3),
  ]).flat();
const view = (crop: Box) => draw({ geometry: { ...whole(4), crop } });

test('what the views need is decoded once, and each is cut out of it', async () => {
  const boxes = [
    { top: 1, left: 2, height: 3, width: 2 },
    { top: 2, left: 3, height: 2, width: 4 },
  ];
  const asked: Box[] = [];
  const decode = async (box: Box) => {
    asked.push(box);
    return { data: Uint8Array.from(rows(box)), width: box.width, height: box.height };
  };
  const found = await decodeUnion({ shared: [], views: boxes.map(view) }, size, decode);
  const pixels = (crop: Crop) => {
    const out = new Uint8Array(crop.width * crop.height * 3);
    copyRows(crop, 0, crop.height, out, 0);
    return [...out];
  };
  for (const box of boxes) assert.deepEqual(pixels(cutView(found, box)), rows(box));
  const one = await decodeUnion({ shared: [], views: [view(boxes[0]!)] }, size, decode);
  assert.deepEqual(pixels(cutView(one, boxes[0]!)), rows(boxes[0]!));
  assert.equal(
    cutView(found, boxes[1]!).data.buffer,
    found.crop.data.buffer,
    'a view is a box in the memory of the union',
  );
  await decodeUnion({ shared: [{ op: 'grayscale' }], views: boxes.map(view) }, size, decode);
  assert.deepEqual(asked, [{ top: 1, left: 2, height: 3, width: 5 }, boxes[0], { top: 0, left: 0, ...size }]);
});

test('the union of boxes holds all that have a pixel', () => {
  const box = (top: number, left: number, height: number, width: number) => ({ top, left, height, width });
  assert.deepEqual(union([box(5, 9, 2, 3), box(1, 20, 3, 4), box(0, 0, 0, 7)]), box(1, 9, 6, 15));
  assert.deepEqual(union([box(2, 3, 0, 4)]), box(2, 3, 0, 4));
});
