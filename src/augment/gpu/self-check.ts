import { createCropMemory, placeCrop } from '../crop-memory.js';
import type { PhotometricDraw } from './program.js';
import type { Runner, RunnerDraw } from './runner.js';

const size = 48;

/** Draws that among them run every operation, and every operation after another. */
const draws: readonly PhotometricDraw[] = [
  [0, 1, 2, 3],
  [3, 2, 1, 0],
  [1, 3, 0, 2],
  [2, 0, 3, 1],
].map((order, i) => ({
  jitter: {
    order: order as unknown as [number, number, number, number],
    brightness: Math.fround(0.7 + 0.17 * i),
    contrast: Math.fround(1.35 - 0.19 * i),
    saturation: Math.fround(0.83 + 0.11 * i),
    hue: Math.fround(0.1 - 0.055 * i),
  },
  grayscale: i === 2,
  blur: i === 3 ? null : Math.fround(0.4 + 0.7 * i),
  solarize: i > 0,
}));

/** Four images in which every byte differs from its neighbours, whatever the order of operations. */
function images(): Uint8Array {
  const pixels = new Uint8Array(draws.length * size * size * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (Math.imul(i + 1, 2654435761) >>> 24) ^ (i % 251);
  return pixels;
}

/** Crops to resize up, down, and not at all, by every filter. */
const resizes: readonly RunnerDraw[] = (
  [
    [37, 90, 'BICUBIC'],
    [120, 31, 'BILINEAR'],
    [48, 300, 'BICUBIC'],
    [61, 20, 'NEAREST'],
  ] as const
).map(([width, height, interpolation], i) => ({
  ...draws[i]!,
  geometry: {
    crop: { top: 0, left: 0, width, height },
    width: size,
    height: size,
    window: { top: 0, left: 0, width: size, height: size },
    interpolation,
  },
  hflip: i % 2 === 0,
  vflip: i > 1,
}));

/**
 * What a runner makes of a fixed batch through every operation, and of one of crops where `crops`: equal bytes are what every
 * backend promises.
 */
export async function checkedBytes(
  { apply, applyCrops }: Pick<Runner, 'apply' | 'applyCrops'>,
  crops: boolean,
): Promise<Uint8Array> {
  const pixels = images();
  await apply(pixels, size, draws);
  if (!crops) return pixels;
  const resized = images();
  const memory = createCropMemory(resizes.length, size);
  const placed = resizes.map((draw) => {
    const { width, height } = draw.geometry.crop;
    return placeCrop(
      memory,
      { data: images().subarray(0, width * height * 3), width, height },
      { ...draw, policy: [] },
    );
  });
  await applyCrops(resized, size, resizes, { memories: [memory], placed });
  return Buffer.concat([pixels, resized]);
}
