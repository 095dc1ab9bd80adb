import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cropFactor, cropPixelsIn, emptyCargo, fieldsOf, imagesIn } from '../../src/augment/cargo.js';
import { cropClaim } from '../../src/augment/gpu/crop-tables.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { stowCrop, stowImage, unstow } from '../../src/augment/stow.js';
import type { DrawStep } from '../../src/sample/draw.js';
import { difference, numbers, randomSteps, resizeDraw, scene } from './cases.js';

const kernels = SimdKernels.create();
const bicubic = { left: 0, top: 0, hflip: false, vflip: false, interpolation: 'BICUBIC' } as const;

test('crops have their room whole, in the order of their claims, and those that find none change nothing', () => {
  const side = fc.integer({ min: 0, max: 90 });
  fc.assert(
    fc.property(fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 40 }), (sides) => {
      const cargo = emptyCargo({ images: 8, size: 32, kind: 'crops' });
      let end = 0;
      for (const [width, height] of sides) {
        const crop = { data: new Uint8Array(width * height * 3).fill(7), width, height };
        const { geometry } = resizeDraw({ ...bicubic, width, height, to: [32, 32], size: 32 });
        const claimed = cropClaim(crop, geometry, 32)!;
        const before = imagesIn(cargo);
        const place = stowCrop(cargo, kernels, crop, { geometry, steps: [] });
        assert.equal(place !== null, before < 8 && end + claimed <= 8 * cropFactor * 1024);
        if (place === null) continue;
        assert.deepEqual(place, { z: before, from: 0, crop: { offset: end, width, height } });
        end += claimed;
      }
      assert.equal(cropPixelsIn(cargo), end);
      assert.ok(fieldsOf(cargo).pixels.every((pixel, i) => pixel === 0 || (pixel === 0x070707 && i < end)));
    }),
    { numRuns: 50 },
  );
});

test('what the device has not done is finished of what it was given, to the bytes of a thread that made all', () => {
  const next = numbers(77);
  const size = 40;
  const finished = (make: (out: Uint8Array) => void) => {
    const out = new Uint8Array(new SharedArrayBuffer(size * size * 3)).fill(9);
    make(out);
    return out;
  };
  const images = emptyCargo({ images: 8, size, kind: 'images' });
  const crops = emptyCargo({ images: 8, size, kind: 'crops' });
  for (let i = 0; i < 8; i++) {
    const [width, height] = [30 + Math.floor(next() * 50), 30 + Math.floor(next() * 50)];
    const { geometry } = resizeDraw({ ...bicubic, hflip: i % 2 === 1, width, height, to: [size, size], size });
    const crop = { data: scene(width, height, next), width, height };
    const prefix: DrawStep[] = [{ op: 'equalize' }];
    const draw = { geometry, steps: randomSteps(next) };
    const whole = finished((out) => kernels.run(crop, draw, out));
    const place = stowCrop(crops, kernels, crop, draw)!;
    assert.equal(
      difference(
        finished((out) => unstow(crops, kernels, place, draw, out)),
        whole,
        size,
      ),
      undefined,
    );
    const longer = { geometry, steps: [...prefix, ...draw.steps] };
    const z = stowImage(images, draw.steps, (target) => kernels.packPrefix(crop, longer, 1, size, target))!;
    const suffixed = finished((out) => kernels.run(crop, longer, out));
    const undone = finished((out) => unstow(images, kernels, { z, from: 1, crop: null }, longer, out));
    assert.equal(difference(undone, suffixed, size), undefined);
  }
  assert.equal(
    stowImage(images, [], () => assert.fail('a full cargo packs nothing')),
    null,
  );
});

test('a resize of more taps than are exact on a device is not taken', () => {
  const cargo = emptyCargo({ images: 32, size: 32, kind: 'crops' });
  const stowed = (width: number) => {
    const { geometry } = resizeDraw({ ...bicubic, width, height: 2, to: [32, 32], size: 32 });
    const crop = { data: new Uint8Array(width * 6), width, height: 2 };
    return stowCrop(cargo, kernels, crop, { geometry, steps: [] });
  };
  assert.equal(stowed(4200), null);
  assert.ok(stowed(4000));
});
