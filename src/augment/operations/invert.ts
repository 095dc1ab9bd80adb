import type { Operation } from './operation.js';

/**
 * `255 - x` of every level.
 *
 * Source: torchvision/transforms/functional_pil.py, `invert`; Pillow ImageOps.invert.
 */
export const invert: Operation<'invert'> = {
  simd: (image) => image.onPlanes('invert'),
  gpu: { kind: 'level', level: (x) => `255 - ${x}` },
};
