import { lumaSource } from '../gpu/blend.js';
import type { Operation } from './operation.js';

declare module '../simd/kernels.js' {
  interface KernelExports {
    toGrayscale(pixels: number, plane: number): void;
  }
}

/**
 * The grey level in all three channels.
 *
 * Source: torchvision/transforms/functional_pil.py, `to_grayscale` with three output channels.
 */
export const grayscale: Operation<'grayscale'> = {
  simd: (image) => image.onPlanes((run, pixels) => run.toGrayscale(pixels, image.plane)),
  gpu: {
    kind: 'pixel',
    source: `
    const grey = ${lumaSource};
    r = grey;
    g = grey;
    b = grey;`,
  },
};
