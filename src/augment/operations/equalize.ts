import type { Operation } from './operation.js';

/**
 * Each channel's histogram made even.
 *
 * Source: torchvision/transforms/functional_pil.py, `equalize`; Pillow ImageOps.equalize.
 */
export const equalize: Operation<'equalize'> = {
  simd: (image) => image.onPlanes('equalize', image.area),
};
