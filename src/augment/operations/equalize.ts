import type { Operation } from './operation.js';

declare module '../simd/kernels.js' {
  interface KernelExports {
    equalize(pixels: number, plane: number, area: number): void;
  }
}

/**
 * Each channel's histogram made even.
 *
 * Source: torchvision/transforms/functional_pil.py, `equalize`; Pillow ImageOps.equalize.
 */
export const equalize: Operation<'equalize'> = {
  simd: (image) => image.onPlanes((run, pixels) => run.equalize(pixels, image.plane, image.area)),
};
