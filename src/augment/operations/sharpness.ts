import type { Operation } from './operation.js';

/**
 * A blend with the smoothed image.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_sharpness`; Pillow ImageEnhance.Sharpness.
 */
export const sharpness: Operation<'sharpness'> = {
  simd: (image, { factor }) => image.betweenPlanes('adjustSharpness', factor),
};
