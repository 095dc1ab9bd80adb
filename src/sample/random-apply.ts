import type { Knobs } from '../run/run.js';
import type { Generator } from './mersenne-twister.js';

/**
 * Whether RandomHorizontalFlip, RandomVerticalFlip, RandomGrayscale and RandomErasing apply: `torch.rand(1) < p`. The
 * comparison is between tensors, so it is float32's `p` that counts.
 *
 * Source: torchvision transforms.py, `forward` of each.
 */
export function drawLess(generator: Generator, probability: number): boolean {
  return generator.rand() < Math.fround(probability);
}

/**
 * Whether RandomApply applies: `not p < torch.rand(1)`, in float32, so that it can apply at probability 0, once in 2^24; in the second
 * transforms, which DINOv3 uses, `torch.rand(1) < p`.
 *
 * Source: torchvision transforms.py, `RandomApply.forward`; torchvision v2/_container.py, `RandomApply.forward`.
 */
export function drawApply(
  generator: Generator,
  probability: number,
  transforms: Knobs['transforms'] = 'ultralytics',
): boolean {
  if (transforms === 'dinov3') return drawLess(generator, probability);
  return !(Math.fround(probability) < generator.rand());
}
