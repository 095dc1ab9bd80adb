import { lumaSource } from '../gpu/blend.js';
import type { Operation } from './operation.js';

/**
 * The grey level in all three channels.
 *
 * Source: torchvision/transforms/functional_pil.py, `to_grayscale` with three output channels.
 */
export const grayscale: Operation<'grayscale'> = {
  simd: (image) => image.onPlanes('toGrayscale'),
  gpu: {
    kind: 'pixel',
    source: `
    const grey = ${lumaSource};
    r = grey;
    g = grey;
    b = grey;`,
  },
};
