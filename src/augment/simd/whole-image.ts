import type { Crop } from '../../decode/crop.js';
import type { DrawStep } from '../../sample/draw.js';
import { applySteps } from '../operations/index.js';
import { simdImage } from './image.js';
import type { Kernels } from './kernels.js';

// An image passes in strips that stay in the cache: 64 Ki pixels.
const stripPixels = 2 ** 16;

/**
 * Runs steps over an image of any shape, in place: those alone that change each pixel by itself, and contrast, whose mean is that of
 * the whole image.
 */
export function applyToWhole(kernels: Kernels, image: Crop, steps: readonly DrawStep[]): void {
  for (let first = 0; first < steps.length; ) {
    const step = steps[first]!;
    if (step.op === 'contrast') {
      const level = meanLuma(kernels, image);
      eachStrip(kernels, image, (address, count) => {
        const strip = simdImage(kernels, address, count, 1);
        strip.onPlanes('blendConstant', level, step.factor);
        return strip.pixels();
      });
      first++;
      continue;
    }
    const next = steps.findIndex(({ op }, at) => at > first && op === 'contrast');
    const some = steps.slice(first, next < 0 ? steps.length : next);
    eachStrip(kernels, image, (address, count) => {
      const strip = simdImage(kernels, address, count, 1);
      applySteps(strip, some);
      return strip.pixels();
    });
    first += some.length;
  }
}

/** Pillow's mean of an image as greys, rounded half up. */
function meanLuma(kernels: Kernels, image: Crop): number {
  let sum = 0;
  eachStrip(kernels, image, (address, count) => {
    const plane = ((count + 15) & ~15) + 16;
    const planes = kernels.allocate(3 * plane);
    kernels.run.toPlanes!(address, planes, plane, count);
    sum += kernels.run.sumLuma!(planes, plane, count);
    return null;
  });
  const area = image.width * image.height;
  return Math.floor((2 * sum + area) / (2 * area));
}

function eachStrip(kernels: Kernels, { data }: Crop, act: (address: number, count: number) => Uint8Array | null): void {
  for (let at = 0; at < data.length; at += 3 * stripPixels) {
    const strip = data.subarray(at, at + 3 * stripPixels);
    kernels.reset();
    const address = kernels.allocate(strip.length);
    kernels.bytes().set(strip, address);
    const changed = act(address, strip.length / 3);
    if (changed !== null) strip.set(changed);
  }
}
