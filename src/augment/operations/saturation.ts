import { lumaSource, productAt } from '../gpu/blend.js';
import type { Operation } from './operation.js';

const blended = (channel: string) =>
  `Math.min(255, Math.max(0, Math.floor(Math.fround(grey + ${productAt(`${channel} - grey`)}))))`;

/**
 * A blend of each pixel with its own grey level.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_saturation`; Pillow ImageEnhance.Color.
 */
export const saturation: Operation<'saturation'> = {
  simd: (image, { factor }) => image.onPlanes('adjustSaturation', factor),
  gpu: {
    kind: 'pixel',
    source: `
    const grey = ${lumaSource};
    r = ${blended('r')};
    g = ${blended('g')};
    b = ${blended('b')};`,
    factor: ({ factor }) => factor,
  },
};
