import type { Operation } from './operation.js';

declare module '../simd/kernels.js' {
  interface KernelExports {
    adjustBrightness(pixels: number, plane: number, factor: number): void;
  }
}

/**
 * A blend with black, so one product, clipped and truncated.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_brightness`; Pillow ImageEnhance.Brightness.
 */
export const brightness: Operation<'brightness'> = {
  simd: (image, { factor }) => image.onPlanes((run, pixels) => run.adjustBrightness(pixels, image.plane, factor)),
  gpu: {
    kind: 'level',
    level: (x, parameter) => `Math.min(255, Math.floor(Math.fround(${parameter} * ${x})))`,
    parameter: ({ factor }) => factor,
  },
};
