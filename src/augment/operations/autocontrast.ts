import type { Operation } from './operation.js';

/**
 * Each channel's levels spread over the whole range.
 *
 * Source: torchvision/transforms/functional_pil.py, `autocontrast`; Pillow ImageOps.autocontrast.
 */
export const autocontrast: Operation<'autocontrast'> = {
  simd: (image) => image.onPlanes('autocontrast', image.area),
};
