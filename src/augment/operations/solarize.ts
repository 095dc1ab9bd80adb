import type { Operation } from './operation.js';

/**
 * Inverts every level at or above the threshold; a fractional one is the next whole number.
 *
 * Source: torchvision/transforms/functional_pil.py, `solarize`; Pillow ImageOps.solarize.
 */
export const solarize: Operation<'solarize'> = {
  simd(image, { threshold }) {
    const first = Math.ceil(threshold);
    if (first > 255) return;
    if (first > 0) image.onPlanes('solarize', first);
    else image.onPlanes('invert');
  },
  gpu: {
    kind: 'level',
    level: (x, parameter) => `(${x} >= ${parameter} ? 255 - ${x} : ${x})`,
    parameter: ({ threshold }) => Math.ceil(threshold),
  },
};
