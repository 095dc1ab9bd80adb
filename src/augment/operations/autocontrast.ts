import type { Operation } from './operation.js';

declare module '../simd/kernels.js' {
  interface KernelExports {
    autocontrast(pixels: number, plane: number, area: number): void;
  }
}

/**
 * Each channel's levels spread over the whole range.
 *
 * Source: torchvision/transforms/functional_pil.py, `autocontrast`; Pillow ImageOps.autocontrast.
 */
export const autocontrast: Operation<'autocontrast'> = {
  simd: (image) => image.onPlanes((run, pixels) => run.autocontrast(pixels, image.plane, image.area)),
};
