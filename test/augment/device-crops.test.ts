import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  cropCapacity,
  cropClaim,
  cursorOf,
  emptyDeviceCrops,
  imagesOfRun,
  pixelsOf,
  placeCrop,
  tapsBound,
} from '../../src/augment/device-crops.js';
import { resizeWeights } from '../../src/augment/simd/resize-weights.js';
import { numbers, resizeDraw, scene } from './cases.js';

test('room is claimed whole, never twice, and never beyond the memory', () => {
  const side = fc.integer({ min: 0, max: 90 });
  fc.assert(
    fc.property(fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 40 }), (sides) => {
      const memory = emptyDeviceCrops(4, 32);
      let end = 0;
      for (const [width, height] of sides) {
        const crop = { data: new Uint8Array(width * height * 3).fill(7), width, height };
        const { geometry } = resizeDraw({
          width,
          height,
          to: [32, 32],
          left: 0,
          top: 0,
          size: 32,
          hflip: false,
          vflip: false,
          interpolation: 'BICUBIC',
        });
        const claim = cropClaim(crop, geometry, 32);
        const place = placeCrop(memory, crop, geometry);
        assert.equal(place !== null, end + claim <= cropCapacity(4, 32));
        if (place === null) continue;
        assert.equal(place.offset, end);
        end += claim;
        assert.ok(claim >= width * height);
      }
      assert.equal(Atomics.load(cursorOf(memory), 0), end);
      assert.ok(pixelsOf(memory).every((pixel, i) => pixel === 0 || (pixel === 0x070707 && i < end)));
    }),
    { numRuns: 100 },
  );
});

test('no resize has more taps than the bound says', () => {
  const filter = fc.constantFrom('BILINEAR' as const, 'BICUBIC' as const);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 600 }), filter, (from, to, name) => {
      const { pairs } = resizeWeights(from, to, name);
      assert.ok(Math.min(2 * pairs, from) <= tapsBound(from, to, name));
    }),
    { numRuns: 200 },
  );
});

test('a crop is packed pixel by pixel, whatever its length and its alignment', () => {
  for (const [width, height, shift] of [
    [5, 3, 0],
    [4, 4, 0],
    [7, 9, 1],
    [1, 1, 3],
  ] as const) {
    const data = new Uint8Array(shift + width * height * 3).subarray(shift);
    data.set(scene(width, height, numbers(width)));
    const memory = emptyDeviceCrops(4, 16);
    const to = [16, 16] as const;
    const { geometry } = resizeDraw({
      ...{ width, height, to, left: 0, top: 0, size: 16, hflip: false, vflip: false, interpolation: 'BICUBIC' },
    });
    const { offset } = placeCrop(memory, { data, width, height }, geometry)!;
    for (let i = 0; i < width * height; i++) {
      const [r, g, b] = data.subarray(3 * i, 3 * i + 3);
      assert.equal(pixelsOf(memory)[offset + i], b! * 65536 + g! * 256 + r!);
    }
  }
});

test('runs are powers of two that cover a batch, and fewer as images grow', () => {
  assert.deepEqual(
    [1, 2, 3, 64, 100].map((left) => imagesOfRun(left, 224)),
    [1, 2, 4, 32, 32],
  );
  assert.equal(imagesOfRun(9, 4096), 1);
});
