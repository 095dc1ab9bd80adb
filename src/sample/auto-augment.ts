import type { DrawStep, Interpolation } from './draw.js';
import { linspace, roundHalfEven } from './float32.js';
import type { Generator } from './mersenne-twister.js';
import { type PolicyName, policySteps } from './policy-step.js';

type Candidate = readonly [name: PolicyName, probability: number, bin: number | null];

/** The 25 pairs of the ImageNet policy: operation, probability, bin of its magnitude. */
// biome-ignore format: a pair is a line
const policies: readonly (readonly [Candidate, Candidate])[] = [
  [['Posterize', 0.4, 8], ['Rotate', 0.6, 9]],
  [['Solarize', 0.6, 5], ['AutoContrast', 0.6, null]],
  [['Equalize', 0.8, null], ['Equalize', 0.6, null]],
  [['Posterize', 0.6, 7], ['Posterize', 0.6, 6]],
  [['Equalize', 0.4, null], ['Solarize', 0.2, 4]],
  [['Equalize', 0.4, null], ['Rotate', 0.8, 8]],
  [['Solarize', 0.6, 3], ['Equalize', 0.6, null]],
  [['Posterize', 0.8, 5], ['Equalize', 1, null]],
  [['Rotate', 0.2, 3], ['Solarize', 0.6, 8]],
  [['Equalize', 0.6, null], ['Posterize', 0.4, 6]],
  [['Rotate', 0.8, 8], ['Color', 0.4, 0]],
  [['Rotate', 0.4, 9], ['Equalize', 0.6, null]],
  [['Equalize', 0, null], ['Equalize', 0.8, null]],
  [['Invert', 0.6, null], ['Equalize', 1, null]],
  [['Color', 0.6, 4], ['Contrast', 1, 8]],
  [['Rotate', 0.8, 8], ['Color', 1, 2]],
  [['Color', 0.8, 8], ['Solarize', 0.8, 7]],
  [['Sharpness', 0.4, 7], ['Invert', 0.6, null]],
  [['ShearX', 0.6, 5], ['Equalize', 1, null]],
  [['Color', 0.4, 0], ['Equalize', 0.6, null]],
  [['Equalize', 0.4, null], ['Solarize', 0.2, 4]],
  [['Solarize', 0.6, 5], ['AutoContrast', 0.6, null]],
  [['Invert', 0.6, null], ['Equalize', 1, null]],
  [['Color', 0.6, 4], ['Contrast', 1, 8]],
  [['Equalize', 0.8, null], ['Equalize', 0.6, null]],
];

const enhancement = (bin: number) => linspace(0, 0.9, 10, bin);

/** The magnitude of each of ten bins, and whether a sign applies. */
const magnitudes: Partial<Record<PolicyName, readonly [(bin: number) => number, signed: boolean]>> = {
  ShearX: [(bin) => linspace(0, 0.3, 10, bin), true],
  Rotate: [(bin) => linspace(0, 30, 10, bin), true],
  Color: [enhancement, true],
  Contrast: [enhancement, true],
  Sharpness: [enhancement, true],
  Posterize: [(bin) => 8 - roundHalfEven(bin / 2.25), false],
  Solarize: [(bin) => linspace(255, 0, 10, bin), false],
};

/**
 * Draws the operations of AutoAugment's ImageNet policy that apply, with their signed magnitudes.
 * The policy, two probabilities and two signs are drawn whatever they decide.
 *
 * Source: torchvision autoaugment.py, `AutoAugment.get_params`, `AutoAugment.forward`, `_get_policies` and
 * `_augmentation_space`.
 */
export function drawAutoAugment(generator: Generator, interpolation: Interpolation): DrawStep[] {
  const policy = policies[generator.randint(0, policies.length)]!;
  const chances = [generator.rand(), generator.rand()] as const;
  const signs = [generator.randint(0, 2), generator.randint(0, 2)] as const;
  const drawn: DrawStep[] = [];
  for (const i of [0, 1] as const) {
    const [name, probability, bin] = policy[i];
    if (chances[i] > Math.fround(probability)) continue;
    const [magnitudeOf, signed] = magnitudes[name] ?? [() => 0, false];
    const magnitude = bin === null ? 0 : magnitudeOf(bin);
    // At 0 the sign is left out: a negative zero would not survive JSON.
    const isNegative = signed && signs[i] === 0 && magnitude !== 0;
    drawn.push(...policySteps(name, isNegative ? -magnitude : magnitude, interpolation));
  }
  return drawn;
}
