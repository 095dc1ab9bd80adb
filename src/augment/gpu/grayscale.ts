import { lumaSource } from './blend.js';
import type { PointOperation } from './operation.js';

/**
 * RandomGrayscale: the grey level in all three channels.
 *
 * Source: torchvision/transforms/functional_pil.py, `to_grayscale` with three output channels.
 */
export const grayscale: PointOperation = {
  name: 'grayscale',
  source: `
    const grey = ${lumaSource};
    r = grey;
    g = grey;
    b = grey;`,
};
