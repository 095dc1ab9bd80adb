import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBackend } from '../../../src/augment/open-backend.js';
import type { DrawStep } from '../../../src/sample/draw.js';
import { difference, partsOf } from '../cases.js';
import { hsvToRgb, luma, rgbToHsv } from '../step-reference.js';

const size = 256;
const images = 16;
const colours = images * size * size;

/** Runs all 2^24 colours through one operation, and holds each against `expected`. */
async function everyColour(
  mode: 'cpu' | 'webasm',
  step: DrawStep,
  expected: (r: number, g: number, b: number) => readonly [number, number, number],
): Promise<void> {
  const backend = await openBackend(mode);
  const parts = partsOf(Array.from({ length: images }, () => [step]));
  const [pixels, wanted] = [new Uint8Array(colours * 3), new Uint8Array(colours * 3)];
  try {
    for (let first = 0; first < 2 ** 24; first += colours) {
      for (let i = 0; i < colours; i++) {
        const colour = [(first + i) >> 16, ((first + i) >> 8) & 255, (first + i) & 255] as const;
        pixels.set(colour, i * 3);
        wanted.set(expected(...colour), i * 3);
      }
      await backend.apply(pixels, size, parts);
      assert.equal(difference(pixels, wanted, size), undefined, `from colour ${first}`);
    }
  } finally {
    await backend.close();
  }
}

for (const [mode, turns] of [
  ['cpu', -0.0871],
  ['webasm', 0.0413],
] as const)
  test(`hue on ${mode} is Pillow's for all 2^24 colours`, async () => {
    const hue = Math.fround(turns);
    const shift = Math.trunc(hue * 255) & 255;
    await everyColour(mode, { op: 'hue', turns: hue }, (r, g, b) => {
      const [h, s, v] = rgbToHsv(r, g, b);
      return hsvToRgb((h + shift) & 255, s, v);
    });
  });

test("grey on webasm is Pillow's for all 2^24 colours", async () => {
  await everyColour('webasm', { op: 'grayscale' }, (r, g, b) => {
    const grey = luma(r, g, b);
    return [grey, grey, grey];
  });
});
