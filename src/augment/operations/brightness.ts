import type { Operation } from './operation.js';

/**
 * A blend with black, so one product, clipped and truncated.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_brightness`; Pillow ImageEnhance.Brightness.
 */
export const brightness: Operation<'brightness'> = {
  simd: (image, { factor }) => image.onPlanes('blendConstant', 0, factor),
  gpu: {
    kind: 'level',
    level: (x, parameter) => `Math.min(255, Math.floor(Math.fround(${parameter} * ${x})))`,
    parameter: ({ factor }) => factor,
  },
};
