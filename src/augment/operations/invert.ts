import type { Operation } from './operation.js';

declare module '../simd/kernels.js' {
  interface KernelExports {
    invert(pixels: number, plane: number): void;
  }
}

/**
 * `255 - x` of every level.
 *
 * Source: torchvision/transforms/functional_pil.py, `invert`; Pillow ImageOps.invert.
 */
export const invert: Operation<'invert'> = {
  simd: (image) => image.onPlanes((run, pixels) => run.invert(pixels, image.plane)),
  gpu: { kind: 'level', level: (x) => `255 - ${x}` },
};
