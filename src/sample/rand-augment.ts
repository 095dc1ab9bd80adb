import type { DrawStep, Interpolation } from './draw.js';
import { linspace } from './float32.js';
import type { Generator } from './mersenne-twister.js';
import { type PolicyName, policySteps } from './policy-step.js';

/** Magnitude 9 of 31 bins, RandAugment's defaults. */
const ninth = (end: number) => linspace(0, end, 31, 9);

/** The operations in upstream's order, each with its magnitude for images of a side and whether a sign is drawn. */
const operations: readonly (readonly [PolicyName, (size: number) => number, signed: boolean])[] = [
  ['Identity', () => 0, false],
  ['ShearX', () => ninth(0.3), true],
  ['ShearY', () => ninth(0.3), true],
  ['TranslateX', (size) => ninth((150 / 331) * size), true],
  ['TranslateY', (size) => ninth((150 / 331) * size), true],
  ['Rotate', () => ninth(30), true],
  ['Brightness', () => ninth(0.9), true],
  ['Color', () => ninth(0.9), true],
  ['Contrast', () => ninth(0.9), true],
  ['Sharpness', () => ninth(0.9), true],
  ['Posterize', () => 7, false],
  ['Solarize', () => linspace(255, 0, 31, 9), false],
  ['AutoContrast', () => 0, false],
  ['Equalize', () => 0, false],
];

/**
 * Draws the two operations of RandAugment (magnitude 9 of 31 bins), with their signed magnitudes.
 *
 * Source: torchvision autoaugment.py, `RandAugment.forward` and `RandAugment._augmentation_space`.
 *
 * @param size side of the square image that the operations will see, in pixels.
 */
export function drawRandAugment(generator: Generator, size: number, interpolation: Interpolation): DrawStep[] {
  const drawn: DrawStep[] = [];
  for (let i = 0; i < 2; i++) {
    const [name, magnitudeOf, signed] = operations[generator.randint(0, operations.length)]!;
    const magnitude = magnitudeOf(size);
    const isNegative = signed && generator.randint(0, 2) === 1;
    drawn.push(...policySteps(name, isNegative ? -magnitude : magnitude, interpolation));
  }
  return drawn;
}
