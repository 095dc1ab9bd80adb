import type { Backend, CropPart, Part } from '../../src/augment/backend.js';
import { placeCrop } from '../../src/augment/device-crops.js';
import { SimdKernels } from '../../src/augment/simd.js';
import { splitSteps } from '../../src/augment/split-steps.js';
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
  for (const [i, { crop, draw }] of cases.entries())
    kernels.run(crop, draw, size, out.subarray(i * bytes, (i + 1) * bytes));
  return out;
}

/** What a backend that resizes makes of them, beside worker threads that do so where it does not; and how many it took. */
export async function deviceBytes(
  backend: Backend,
  cases: readonly CropCase[],
  size: number,
): Promise<{ readonly pixels: Uint8Array; readonly taken: number }> {
  const bytes = size * size * 3;
  // filled, so that a pixel which nobody writes is seen
  const pixels = new Uint8Array(new SharedArrayBuffer(cases.length * bytes)).fill(99);
  const room = backend.room!;
  const lent = room.take(cases.length, size);
  const parts: Part[] = [];
  const taken: CropPart[] = [];
  for (const [slot, { crop, draw }] of cases.entries()) {
    const { geometry, steps } = draw;
    const begin = splitSteps(steps);
    const memory = begin === 0 ? lent[Math.floor(slot / (lent[0]?.images ?? 1))] : undefined;
    const placed = memory ? placeCrop(memory, crop, geometry) : null;
    if (placed !== null) taken.push({ slot, steps, geometry, placed });
    else {
      kernels.runPrefix(crop, draw, begin, size, pixels.subarray(slot * bytes, (slot + 1) * bytes));
      if (begin < steps.length) parts.push({ slot, steps: steps.slice(begin) });
    }
  }
  await backend.apply(pixels, size, parts, lent, taken);
  room.give(lent);
  return { pixels, taken: taken.length };
}
