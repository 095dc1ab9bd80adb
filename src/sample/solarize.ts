import type { DrawStep } from './draw.js';
import type { Generator } from './mersenne-twister.js';

// Upstream gives no knob for it.
const threshold = 128;

/**
 * Draws RandomSolarize; at probability 0 upstream leaves the transform out, and nothing is drawn. Unlike its siblings it
 * compares in double precision.
 *
 * Source: torchvision transforms.py, `RandomSolarize.forward`.
 */
export function drawSolarize(generator: Generator, probability: number): DrawStep[] {
  return probability > 0 && generator.rand() < probability ? [{ op: 'solarize', threshold }] : [];
}
