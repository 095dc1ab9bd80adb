import type { Operation } from './operation.js';

declare module '../simd/kernels.js' {
  interface KernelExports {
    adjustSharpness(from: number, to: number, plane: number, size: number, factor: number): void;
  }
}

/**
 * A blend with the smoothed image.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_sharpness`; Pillow ImageEnhance.Sharpness.
 */
export const sharpness: Operation<'sharpness'> = {
  simd: (image, { factor }) =>
    image.betweenPlanes((run, from, to) => run.adjustSharpness(from, to, image.plane, image.size, factor)),
};
