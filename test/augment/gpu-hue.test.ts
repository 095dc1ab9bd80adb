import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBackend } from '../../src/augment/open-backend.js';
import { difference, draw } from './gpu-cases.js';
import { hsvToRgb, rgbToHsv } from './gpu-reference.js';

const size = 256;
const slab = 2 ** 16;

/** Pillow's HSV of all 2^24 colours, once. */
function allHsv(): Uint8Array {
  const all = new Uint8Array(2 ** 24 * 3);
  for (let colour = 0; colour < 2 ** 24; colour++)
    all.set(rgbToHsv(colour >> 16, (colour >> 8) & 255, colour & 255), colour * 3);
  return all;
}

for (const [mode, hue] of [
  ['cpu', Math.fround(-0.0871)],
  ['webasm', Math.fround(0.0413)],
] as const)
  test(`hue on ${mode} is Pillow's for all 2^24 colours`, async () => {
    const backend = await openBackend(mode);
    const hsv = allHsv();
    const shift = Math.trunc(hue * 255) & 255;
    const jitter = { order: [0, 1, 2, 3], brightness: null, contrast: null, saturation: null, hue } as const;
    const images = 16;
    try {
      for (let first = 0; first < 2 ** 24; first += images * slab) {
        const pixels = new Uint8Array(images * slab * 3);
        const expected = new Uint8Array(pixels.length);
        for (let i = 0; i < images * slab; i++) {
          const colour = first + i;
          pixels.set([colour >> 16, (colour >> 8) & 255, colour & 255], i * 3);
          expected.set(hsvToRgb((hsv[colour * 3]! + shift) & 255, hsv[colour * 3 + 1]!, hsv[colour * 3 + 2]!), i * 3);
        }
        await backend.apply(
          pixels,
          size,
          Array.from({ length: images }, () => draw({ jitter })),
        );
        assert.equal(difference(pixels, expected, size), undefined, `from colour ${first}`);
      }
    } finally {
      await backend.close();
    }
  });
