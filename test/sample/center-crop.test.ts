import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resizeAndCenterCrop } from '../../src/sample/center-crop.js';

test('the shorter edge becomes the size, the longer one is cut off, and the window is in the middle', () => {
  const wide = resizeAndCenterCrop({ width: 500, height: 375 }, 224, 'BILINEAR');
  assert.deepEqual([wide.width, wide.height], [298, 224]);
  assert.deepEqual(wide.window, { top: 0, left: 37, height: 224, width: 224 });
  assert.deepEqual(wide.crop, { top: 0, left: 0, height: 375, width: 500 });
  const tall = resizeAndCenterCrop({ width: 375, height: 500 }, 224, 'BILINEAR');
  assert.deepEqual([tall.width, tall.height, tall.window.top, tall.window.left], [224, 298, 37, 0]);
  assert.deepEqual([wide.hflip, wide.vflip, wide.interpolation], [false, false, 'BILINEAR']);
});
