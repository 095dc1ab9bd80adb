import type { DrawStep } from './draw.js';
import type { Generator } from './mersenne-twister.js';
import { drawLess } from './random-apply.js';

/**
 * Draws RandomGrayscale; at probability 0 upstream leaves the transform out, and nothing is drawn.
 *
 * Source: torchvision transforms.py, `RandomGrayscale.forward`.
 */
export function drawGrayscale(generator: Generator, probability: number): DrawStep[] {
  return probability > 0 && drawLess(generator, probability) ? [{ op: 'grayscale' }] : [];
}
