import type { DrawStep } from './draw.js';
import type { Generator } from './mersenne-twister.js';
import { drawLess } from './random-apply.js';

/**
 * Draws RandomGrayscale; at probability 0 upstream leaves the transform out, and nothing is drawn.
 *
 * Source: torchvision transforms.py, `RandomGrayscale.forward`.
 *
 * @param isThere whether the pipeline has it at every probability.
 */
export function drawGrayscale(generator: Generator, probability: number, isThere = false): DrawStep[] {
  return (isThere || probability > 0) && drawLess(generator, probability) ? [{ op: 'grayscale' }] : [];
}
