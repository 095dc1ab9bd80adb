import type { PhotometricDraw } from './program.js';

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

/** What `apply` makes of a fixed batch through every operation: equal bytes are what every backend promises. */
export async function checkedBytes(
  apply: (pixels: Uint8Array, size: number, draws: readonly PhotometricDraw[]) => Promise<void>,
): Promise<Uint8Array> {
  const pixels = images();
  await apply(pixels, size, draws);
  return pixels;
}
