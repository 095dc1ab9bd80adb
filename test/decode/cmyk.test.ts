import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cmykToRgb } from '../../src/decode/cmyk.js';

test('inks become what Pillow’s formula says: paper less its share of each ink, rounded as MULDIV255 does', () => {
  const multiply = (a: number, b: number) => {
    const product = a * b + 128;
    return ((product >> 8) + product) >> 8;
  };
  const inks = Uint8Array.from({ length: 4 * 4096 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
  const rgb = cmykToRgb(inks);
  assert.equal(rgb.length, 3 * 4096);
  for (let i = 0; i < 4096; i++)
    for (let c = 0; c < 3; c++) {
      const paper = 255 - inks[4 * i + 3]!;
      assert.equal(rgb[3 * i + c], paper - multiply(inks[4 * i + c]!, paper));
    }
  assert.deepEqual(
    [...cmykToRgb(Uint8Array.of(0, 0, 0, 0, 255, 0, 0, 0, 9, 9, 9, 255))],
    [255, 255, 255, 0, 255, 255, 0, 0, 0],
  );
});
