import { applyOnDevice } from '../../src/augment/apply-on-device.js';
import type { Part } from '../../src/augment/backend.js';
import { emptyCargo, imagesOfCargo } from '../../src/augment/cargo.js';
import { type Device, workOf } from '../../src/augment/device.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { splitSteps } from '../../src/augment/split-steps.js';
import { stowCrop, unstow } from '../../src/augment/stow.js';
import type { Crop } from '../../src/decode/crop.js';
import type { Draw } from '../../src/sample/draw.js';
import { type ResizeCase, randomSteps, resizeDraw, scene } from './cases.js';

const kernels = SimdKernels.create();

/** A decoded crop and its draw. */
export interface CropCase {
  readonly crop: Crop;
  readonly draw: Draw;
}

/** A resize of noise and gradients, with what else is drawn. */
export function cropCase(each: ResizeCase, next: () => number, changes: Partial<Draw> = {}): CropCase {
  const { width, height } = each;
  const data = width * height > 0 ? scene(width, height, next) : new Uint8Array(0);
  return { crop: { data, width, height }, draw: { ...resizeDraw(each), steps: randomSteps(next), ...changes } };
}

/** A crop of any shape: small and large, narrow, of one pixel, empty, the size itself; cut and mirrored at random. */
export function randomCropCase(size: number, next: () => number): CropCase {
  const side = () => {
    const kind = Math.floor(next() * 8);
    if (kind === 0) return 1;
    if (kind === 1) return size;
    if (kind === 2) return 1 + Math.floor(next() * 7);
    return 1 + Math.floor(next() * size * (kind < 6 ? 2 : 4));
  };
  const empty = next() < 0.04;
  const [width, height] = [empty && next() < 0.5 ? 0 : side(), empty ? 0 : side()];
  const more = () => (next() < 0.5 ? 0 : Math.floor(next() * size));
  const [moreAcross, moreDown] = [more(), more()];
  const interpolation = (['BICUBIC', 'BICUBIC', 'BILINEAR', 'NEAREST'] as const)[Math.floor(next() * 4)]!;
  const each: ResizeCase = {
    width,
    height,
    to: [size + moreAcross, size + moreDown],
    left: Math.floor(next() * (moreAcross + 1)),
    top: Math.floor(next() * (moreDown + 1)),
    size,
    hflip: next() < 0.5,
    vflip: next() < 0.5,
    interpolation,
  };
  return cropCase(each, next);
}

/** What the worker threads' kernels make of the cases: Pillow's bytes (simd.test.ts). */
export function simdBytes(cases: readonly CropCase[], size: number): Uint8Array {
  const bytes = size * size * 3;
  const out = new Uint8Array(cases.length * bytes);
  for (const [i, { crop, draw }] of cases.entries()) kernels.run(crop, draw, out.subarray(i * bytes, (i + 1) * bytes));
  return out;
}

/**
 * What a device that resizes makes of them, beside worker threads that do so where it does not, one cargo after another; and how many
 * crops it took.
 */
export async function deviceBytes(
  device: Pick<Device, 'run'>,
  cases: readonly CropCase[],
  size: number,
): Promise<{ readonly pixels: Uint8Array; readonly taken: number }> {
  const bytes = size * size * 3;
  // filled, so that a pixel which nobody writes is seen
  const pixels = new Uint8Array(cases.length * bytes).fill(99);
  const out = (slot: number) => pixels.subarray(slot * bytes, (slot + 1) * bytes);
  let taken = 0;
  for (let first = 0; first < cases.length; ) {
    const images = imagesOfCargo(cases.length - first, size);
    const cargo = emptyCargo({ images, size, kind: 'crops' });
    const some = cases.slice(first, first + images);
    const places = some.map(({ crop, draw }) =>
      splitSteps(draw.steps) === 0 ? stowCrop(cargo, kernels, crop, draw) : null,
    );
    const stowed = some.filter((_, i) => places[i] !== null);
    if (stowed.length > 0) await device.run(cargo, workOf(stowed.map(({ draw }) => draw.steps)));
    const parts: Part[] = [];
    for (const [i, { crop, draw }] of some.entries()) {
      const place = places[i] ?? null;
      if (place !== null) {
        unstow(cargo, kernels, place, null, out(first + i));
        continue;
      }
      const begin = splitSteps(draw.steps);
      kernels.runPrefix(crop, draw, begin, out(first + i));
      if (begin < draw.steps.length) parts.push({ slot: first + i, steps: draw.steps.slice(begin) });
    }
    await applyOnDevice(device, pixels, size, parts);
    taken += stowed.length;
    first += images;
  }
  return { pixels, taken };
}
