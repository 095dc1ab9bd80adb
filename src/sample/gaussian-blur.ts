import type { Knobs } from '../run/run.js';
import type { DrawStep } from './draw.js';
import type { Generator } from './mersenne-twister.js';
import { drawApply } from './random-apply.js';

/** The knobs of GaussianBlur. */
export type BlurKnobs = Pick<Knobs, 'gaussian_blur' | 'blur_sigma' | 'transforms'>;

/**
 * Draws the sigma of GaussianBlur inside RandomApply, uniform in its bounds and float32, and nothing where it does not apply; at
 * probability 0 upstream leaves the transform out, and nothing is drawn, which DINO's pipelines do not.
 *
 * Source: torchvision transforms.py, `RandomApply.forward` and `GaussianBlur.get_params`.
 */
export function drawGaussianBlur(generator: Generator, knobs: BlurKnobs): DrawStep[] {
  const { gaussian_blur: probability, blur_sigma, transforms } = knobs;
  if (probability <= 0 && transforms === 'ultralytics') return [];
  if (!drawApply(generator, probability, transforms)) return [];
  return [{ op: 'gaussianBlur', sigma: generator.uniform(...blur_sigma) }];
}
