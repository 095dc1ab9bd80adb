import assert from 'node:assert/strict';
import { test } from 'node:test';
import { yccToRgb } from '../../src/decode/ycc-colour.js';

const luma = [0.299, 0.587, 0.114];

test("levels become colours by the file's own luminance and ranges", () => {
  const colours = (ranges: readonly number[], ...level: [number, number, number]) => {
    const out = new Uint8Array(3);
    yccToRgb(luma, ranges)!(...level, out, 0);
    return [...out];
  };
  const full = [0, 255, 128, 255, 128, 255];
  assert.deepEqual(colours(full, 90, 128, 128), [90, 90, 90]);
  assert.deepEqual(colours(full, 76, 84, 255), [254, 0, 0]);
  assert.deepEqual(colours([16, 235, 128, 240, 128, 240], 235, 128, 128), [255, 255, 255]);
});

test('values that are none are refused', () => {
  assert.equal(yccToRgb([0.3, 0, 0.1], [0, 255, 128, 255, 128, 255]), null);
  assert.equal(yccToRgb(luma, [0, Number.NaN, 128, 255, 128, 255]), null);
});
