import type { Generator } from './mersenne-twister.js';
import { drawLess } from './random-apply.js';

/**
 * Draws RandomVerticalFlip; at probability 0 upstream leaves the transform out, and nothing is drawn.
 *
 * Source: torchvision transforms.py, `RandomVerticalFlip.forward`.
 */
export function drawVerticalFlip(generator: Generator, probability: number): boolean {
  return probability > 0 && drawLess(generator, probability);
}
