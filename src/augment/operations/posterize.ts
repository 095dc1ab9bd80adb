import type { Operation } from './operation.js';

/**
 * Keeps the upper bits of every level. On gpu.js a quotient that is rounded down, half a unit away from any whole number.
 *
 * Source: torchvision/transforms/functional_pil.py, `posterize`; Pillow ImageOps.posterize.
 */
export const posterize: Operation<'posterize'> = {
  simd(image, { bits }) {
    if (bits < 8) image.onPlanes('posterize', bits);
  },
  gpu: {
    kind: 'level',
    level: (x, parameter) => `Math.floor((${x} + 0.5) / ${parameter}) * ${parameter}`,
    parameter: ({ bits }) => 2 ** (8 - bits),
  },
};
