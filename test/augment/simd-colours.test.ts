import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimdKernels } from '../../src/augment/simd.js';
import type { DrawStep } from '../../src/sample/draw.js';
import { hsvToRgb, rgbToHsv } from './step-reference.js';

const kernels = SimdKernels.create();

/** The colours of one red, `[256, 256, 3]`: green down, blue across. */
function colours(red: number): Uint8Array {
  const pixels = new Uint8Array(256 * 256 * 3);
  for (let i = 0; i < 65536; i++) pixels.set([red, i >> 8, i & 255], 3 * i);
  return pixels;
}

test('hue is Pillow’s for all 2^24 colours', () => {
  const shifts = [0, 25, -25, 127].map((shift) => Math.fround((shift + Math.sign(shift) * 0.5) / 255));
  for (const [turn, hue] of shifts.entries()) {
    const shift = Math.trunc(hue * 255) & 255;
    for (let red = 0; red < 256; red++) {
      // All colours without a shift; every fourth red for each of the others.
      if (turn > 0 && red % 4 !== turn) continue;
      const pixels = colours(red);
      kernels.apply(pixels, 256, [{ op: 'hue', turns: hue }]);
      for (let i = 0; i < 65536; i++) {
        const [h, s, v] = rgbToHsv(red, i >> 8, i & 255);
        const [r, g, b] = hsvToRgb((h + shift) & 255, s, v);
        if (pixels[3 * i] !== r || pixels[3 * i + 1] !== g || pixels[3 * i + 2] !== b) {
          assert.fail(`${[red, i >> 8, i & 255]} by ${shift}: ${pixels.subarray(3 * i, 3 * i + 3)} for ${[r, g, b]}`);
        }
      }
    }
  }
});

test('the way back from HSV is Pillow’s for every saturation and value at every hue', () => {
  // Red with all other channels equal has hue 0, so that the shift alone decides the hue.
  const reds = new Uint8Array(256 * 256 * 3);
  for (let i = 0; i < 65536; i++) {
    const value = i >> 8;
    const rest = value - Math.min(value, i & 255);
    reds.set([value, rest, rest], 3 * i);
  }
  for (let shift = -127; shift <= 127; shift++) {
    const hue = Math.fround((shift + Math.sign(shift) * 0.5) / 255);
    const pixels = reds.slice();
    kernels.apply(pixels, 256, [{ op: 'hue', turns: hue }]);
    for (let i = 0; i < 65536; i++) {
      const value = i >> 8;
      if ((i & 255) > value) continue;
      const [h, s, v] = rgbToHsv(value, reds[3 * i + 1]!, reds[3 * i + 2]!);
      const [r, g, b] = hsvToRgb((h + shift) & 255, s, v);
      if (pixels[3 * i] !== r || pixels[3 * i + 1] !== g || pixels[3 * i + 2] !== b) {
        assert.fail(`${[h, s, v]} by ${shift}: ${pixels.subarray(3 * i, 3 * i + 3)} for ${[r, g, b]}`);
      }
    }
  }
});

test('grey is Pillow’s for all 2^24 colours', () => {
  for (let red = 0; red < 256; red++) {
    const pixels = colours(red);
    kernels.apply(pixels, 256, [{ op: 'grayscale' }]);
    for (let i = 0; i < 65536; i++) {
      const grey = (19595 * red + 38470 * (i >> 8) + 7471 * (i & 255) + 32768) >> 16;
      if (pixels[3 * i] !== grey || pixels[3 * i + 1] !== grey || pixels[3 * i + 2] !== grey) {
        assert.fail(`${[red, i >> 8, i & 255]}: ${pixels.subarray(3 * i, 3 * i + 3)} for ${grey}`);
      }
    }
  }
});

test('a blend is Pillow’s for every level over every level, at any factor', () => {
  const clip = (x: number) => Math.max(0, Math.min(255, Math.trunc(x)));
  fc.assert(
    fc.property(fc.float({ min: 0, max: 4, noNaN: true }), fc.nat(255), (factor, mean) => {
      // 256 levels of one grey each, and as many of other greys as move the mean about.
      const pixels = new Uint8Array(32 * 32 * 3);
      for (let i = 0; i < 1024; i++) pixels.fill(i < 256 ? i : mean, 3 * i, 3 * i + 3);
      const m = Math.floor((32640 + 768 * mean) / 1024 + 0.5);
      const changes: readonly [DrawStep, (x: number) => number][] = [
        [{ op: 'brightness', factor }, () => 0],
        [{ op: 'contrast', factor }, () => m],
        [{ op: 'saturation', factor }, (x) => x],
      ];
      for (const [change, degenerate] of changes) {
        const out = pixels.slice();
        kernels.apply(out, 32, [change]);
        for (const [i, x] of pixels.entries()) {
          const d = degenerate(x);
          const wanted = clip(Math.fround(d + Math.fround(factor * (x - d))));
          if (out[i] !== wanted) assert.fail(`${x} over ${d} by ${factor}: ${out[i]} for ${wanted}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});
