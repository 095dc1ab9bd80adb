import type { Backend } from '../../src/augment/backend.js';
import { placeCrop } from '../../src/augment/crop-memory.js';
import { SimdKernels } from '../../src/augment/simd.js';
import type { Crop } from '../../src/decode/crop.js';
import type { Draw } from '../../src/sample/draw.js';
import { randomDraw } from './gpu-cases.js';
import { type ResizeCase, resizeDraw, scene } from './simd-cases.js';

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
  return { crop: { data, width, height }, draw: { ...randomDraw(next), ...resizeDraw(each), ...changes } };
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
  const { jitter, grayscale, blur, solarize } = randomDraw(next);
  return cropCase(each, next, { jitter, grayscale, blur, solarize });
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
  const crops = backend.crops!;
  const memories = crops.take(cases.length, size);
  const placed = cases.map(({ crop, draw }, i) => {
    const memory = memories[Math.floor(i / (memories[0]?.images ?? 1))];
    const place = memory ? placeCrop(memory, crop, draw) : null;
    if (place === null) kernels.reduce(crop, draw, size, pixels.subarray(i * bytes, (i + 1) * bytes));
    return place;
  });
  const draws = cases.map(({ draw }) => draw);
  await crops.apply(pixels, size, draws, memories, placed);
  crops.give(memories);
  return { pixels, taken: placed.filter((one) => one !== null).length };
}
