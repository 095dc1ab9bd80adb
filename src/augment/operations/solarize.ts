import type { Operation } from './operation.js';

declare module '../simd/kernels.js' {
  interface KernelExports {
    solarize(pixels: number, plane: number, threshold: number): void;
  }
}

/**
 * Inverts every level at or above the threshold; a fractional one is the next whole number.
 *
 * Source: torchvision/transforms/functional_pil.py, `solarize`; Pillow ImageOps.solarize.
 */
export const solarize: Operation<'solarize'> = {
  simd(image, { threshold }) {
    const first = Math.ceil(threshold);
    if (first > 255) return;
    image.onPlanes((run, pixels) =>
      first > 0 ? run.solarize(pixels, image.plane, first) : run.invert(pixels, image.plane),
    );
  },
  gpu: {
    kind: 'level',
    level: (x, parameter) => `(${x} >= ${parameter} ? 255 - ${x} : ${x})`,
    parameter: ({ threshold }) => Math.ceil(threshold),
  },
};
