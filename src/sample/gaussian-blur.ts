import type { DrawStep } from './draw.js';
import type { Generator } from './mersenne-twister.js';
import { drawApply } from './random-apply.js';

/**
 * Draws the sigma of GaussianBlur inside RandomApply, uniform in [0.1, 2] and float32, and nothing where it does not apply;
 * at probability 0 upstream leaves the transform out, and nothing is drawn.
 *
 * Source: torchvision transforms.py, `RandomApply.forward` and `GaussianBlur.get_params`.
 */
export function drawGaussianBlur(generator: Generator, probability: number): DrawStep[] {
  if (probability <= 0 || !drawApply(generator, probability)) return [];
  return [{ op: 'gaussianBlur', sigma: generator.uniform(0.1, 2) }];
}
