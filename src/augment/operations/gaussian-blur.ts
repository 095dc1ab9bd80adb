import { blurRadius, blurWeights } from '../blur-weights.js';
import type { Operation } from './operation.js';

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
    const { put, allocate } = image.kernels;
    image.betweenPlanes('gaussianBlur', put(side), radius, allocate(4 * image.size + 128));
  },
  gpu: { kind: 'blur' },
};
