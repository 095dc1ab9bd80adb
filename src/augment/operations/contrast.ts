import type { Operation } from './operation.js';

/**
 * A blend with the image's mean grey level; on gpu.js through a table of 256 that is made for the sample once its mean is
 * known (gpu/mean.ts).
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_contrast`; Pillow ImageEnhance.Contrast.
 */
export const contrast: Operation<'contrast'> = {
  simd: (image, { factor }) => image.onPlanes('adjustContrast', image.area, factor),
  gpu: {
    kind: 'pixel',
    takesMean: true,
    source: `
    r = contrasts[z][r];
    g = contrasts[z][g];
    b = contrasts[z][b];`,
    factor: ({ factor }) => factor,
  },
};
