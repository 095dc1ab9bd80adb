import type { Generator } from './mersenne-twister.js';
import { drawLess } from './random-apply.js';

/**
 * Draws RandomHorizontalFlip or RandomVerticalFlip; at probability 0 upstream leaves the transform out, and nothing is drawn.
 *
 * Source: torchvision transforms.py, `forward` of each.
 *
 * @param isThere whether the pipeline has it at every probability.
 */
export function drawFlip(generator: Generator, probability: number, isThere = false): boolean {
  return (isThere || probability > 0) && drawLess(generator, probability);
}
