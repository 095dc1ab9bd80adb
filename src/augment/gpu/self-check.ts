import type { DrawStep, Geometry } from '../../sample/draw.js';
import { applyOnDevice } from '../apply-on-device.js';
import { emptyCargo } from '../cargo.js';
import { workOf } from '../device.js';
import { SimdKernels } from '../simd.js';
import { stowCrop, unstow } from '../stow.js';
import type { Runner } from './runner.js';

const size = 48;
const { fround } = Math;

/** Steps that among them run every operation, and each after another. */
const lists: readonly (readonly DrawStep[])[] = [
  [1, 2, 3, 4],
  [4, 3, 2, 1],
  [2, 4, 1, 3],
  [3, 1, 4, 2],
].map((order, i) => {
  const jitter: readonly DrawStep[] = [
    { op: 'brightness', factor: fround(0.7 + 0.17 * i) },
    { op: 'contrast', factor: fround(1.35 - 0.19 * i) },
    { op: 'saturation', factor: fround(0.83 + 0.11 * i) },
    { op: 'hue', turns: fround(0.1 - 0.055 * i) },
  ];
  const policy: readonly DrawStep[] = [
    { op: 'posterize', bits: 7 - i },
    { op: 'contrast', factor: fround(0.6 + 0.3 * i) },
  ];
  const blur: DrawStep = { op: 'gaussianBlur', sigma: fround(0.4 + 0.7 * i) };
  return [
    ...(i % 2 === 0 ? policy : []),
    ...order.map((turn) => jitter[turn - 1]!),
    ...(i === 2 ? [{ op: 'grayscale' } as const] : []),
    ...(i === 3 ? [] : [blur]),
    ...(i > 0 ? [{ op: 'solarize', threshold: 100 + 28 * i } as const] : []),
    ...(i > 1 ? [{ op: 'invert' } as const] : []),
  ];
});

const parts = lists.map((steps, slot) => ({ slot, steps }));

/** Four images in which every byte differs from its neighbours, whatever the order of operations. */
function images(): Uint8Array {
  const pixels = new Uint8Array(parts.length * size * size * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (Math.imul(i + 1, 2654435761) >>> 24) ^ (i % 251);
  return pixels;
}

/** Crops to resize up, down, and not at all, by every filter. */
const geometries = (
  [
    [37, 90, 'BICUBIC'],
    [120, 31, 'BILINEAR'],
    [48, 300, 'BICUBIC'],
    [61, 20, 'NEAREST'],
  ] as const
).map(
  ([width, height, interpolation], i): Geometry => ({
    crop: { top: 0, left: 0, width, height },
    width: size,
    height: size,
    window: { top: 0, left: 0, width: size, height: size },
    interpolation,
    hflip: i % 2 === 0,
    vflip: i > 1,
  }),
);

/**
 * What a runner makes of a fixed batch through every operation, and of one of crops where `crops`: equal bytes are what every
 * backend promises.
 */
export async function checkedBytes({ run }: Pick<Runner, 'run'>, crops: boolean): Promise<Uint8Array> {
  const pixels = images();
  await applyOnDevice({ run }, pixels, size, parts);
  if (!crops) return pixels;
  const kernels = SimdKernels.create();
  const cargo = emptyCargo({ images: geometries.length, size, kind: 'crops' });
  const stowed = geometries.map((geometry, i) => {
    const { width, height } = geometry.crop;
    const crop = { data: images().subarray(0, width * height * 3), width, height };
    return stowCrop(cargo, kernels, crop, { geometry, steps: lists[i]! })!;
  });
  await run(cargo, workOf(lists));
  const resized = new Uint8Array(pixels.length);
  const bytes = size * size * 3;
  for (const [i, place] of stowed.entries())
    unstow(cargo, kernels, place, null, resized.subarray(i * bytes, (i + 1) * bytes));
  return Buffer.concat([pixels, resized]);
}
