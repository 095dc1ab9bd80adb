import { blurRadius, blurWeights } from '../blur-weights.js';
import type { Operation } from './operation.js';

declare module '../simd/kernels.js' {
  interface KernelExports {
    gaussianBlur(
      from: number,
      to: number,
      plane: number,
      size: number,
      weights: number,
      radius: number,
      scratch: number,
    ): void;
  }
}

/**
 * A blur of 9 taps, with the weights that every backend shares; on gpu.js a stage of its own (gpu/gaussian-blur.ts).
 *
 * Source: torchvision/transforms/functional_tensor.py, `gaussian_blur`.
 */
export const gaussianBlur: Operation<'gaussianBlur'> = {
  simd(image, { sigma }) {
    const side = blurWeights(sigma).subarray(blurRadius);
    const radius = side.findLastIndex((weight) => weight !== 0);
    if (radius === 0) return;
    const weights = image.kernels.put(side);
    const scratch = image.kernels.allocate(4 * image.size + 128);
    image.betweenPlanes((run, from, to) =>
      run.gaussianBlur(from, to, image.plane, image.size, weights, radius, scratch),
    );
  },
  gpu: { kind: 'blur' },
};
