import type { SimdKernels } from '../src/augment/simd.js';
import type { Crop } from '../src/decode/crop.js';
import type { Draw } from '../src/sample/draw.js';

/**
 * How close a blurred value's exact level lies to a half where the value may be one level from torchvision's. The weights of
 * src/augment/blur-weights.ts move a level by 0.018 at most, over all sigmas that can be drawn, and torch's float32 sums of
 * 81 products by 0.0015.
 */
export const halfDistance = 0.02;

/**
 * The levels of GaussianBlur(kernel_size=9) before they are rounded, computed in double.
 *
 * Source: torchvision/transforms/functional_tensor.py, `gaussian_blur`.
 *
 * @param image uint8 `[size, size, 3]`, `size` at least 5.
 * @param sigma standard deviation in pixels, float32 as drawn.
 */
export function exactBlur(image: Uint8Array, size: number, sigma: number): Float64Array {
  const kernel = Array.from({ length: 9 }, (_, i) => Math.exp(-0.5 * ((i - 4) / sigma) ** 2));
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const reflect = (i: number) => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
  const pass = (from: ArrayLike<number>, step: number, along: (i: number) => number) => {
    const out = new Float64Array(from.length);
    for (let i = 0; i < out.length; i++) {
      const place = along(i);
      let sum = 0;
      for (let j = -4; j <= 4; j++) sum += kernel[j + 4]! * from[i + (reflect(place + j) - place) * step]!;
      out[i] = sum / total;
    }
    return out;
  };
  const across = pass(image, 3, (i) => Math.floor(i / 3) % size);
  return pass(across, size * 3, (i) => Math.floor(i / 3 / size));
}

/** 1 for each value of a blurred image that may be one level from torchvision's, 0 for the others. */
export function nearHalf(image: Uint8Array, size: number, sigma: number): Uint8Array {
  return Uint8Array.from(exactBlur(image, size, sigma), (level) =>
    Math.abs(level - Math.floor(level) - 0.5) <= halfDistance ? 1 : 0,
  );
}

/**
 * The values of a sample that may be one level from torchvision's: none without a blur. What follows a blur must leave one
 * level one level, as solarize at 128 does.
 */
export function uncertainValues(kernels: SimdKernels, crop: Crop, draw: Draw, size: number): Uint8Array {
  const before = new Uint8Array(size * size * 3);
  const at = draw.steps.findLastIndex(({ op }) => op === 'gaussianBlur');
  const blur = draw.steps[at];
  if (blur?.op !== 'gaussianBlur') return before;
  kernels.run(crop, { ...draw, steps: draw.steps.slice(0, at) }, before);
  return nearHalf(before, size, blur.sigma);
}
