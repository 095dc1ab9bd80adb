import type { DrawStep, Interpolation } from './draw.js';
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

const enhancements = [
  0, 0.09999999403953552, 0.19999998807907104, 0.29999998211860657, 0.3999999761581421, 0.5, 0.6000000238418579,
  0.699999988079071, 0.7999999523162842, 0.8999999761581421,
];

/** The float32 magnitudes of ten bins, as `torch.linspace` yields them, and whether a sign applies. */
const bins: Partial<Record<PolicyName, { readonly magnitudes: readonly number[]; readonly signed: boolean }>> = {
  ShearX: {
    magnitudes: [
      0, 0.03333333507180214, 0.06666667014360428, 0.10000000894069672, 0.13333334028720856, 0.1666666716337204,
      0.20000000298023224, 0.23333334922790527, 0.2666666805744171, 0.30000001192092896,
    ],
    signed: true,
  },
  Rotate: {
    magnitudes: [
      0, 3.3333332538604736, 6.666666507720947, 10, 13.333333015441895, 16.666667938232422, 20, 23.33333396911621,
      26.66666603088379, 30,
    ],
    signed: true,
  },
  Color: { magnitudes: enhancements, signed: true },
  Contrast: { magnitudes: enhancements, signed: true },
  Sharpness: { magnitudes: enhancements, signed: true },
  Posterize: { magnitudes: [8, 8, 7, 7, 6, 6, 5, 5, 4, 4], signed: false },
  Solarize: {
    magnitudes: [
      255, 226.6666717529297, 198.3333282470703, 170, 141.66665649414062, 113.33333587646484, 85, 56.66666793823242,
      28.33333396911621, 0,
    ],
    signed: false,
  },
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
    const { magnitudes = [], signed = false } = bins[name] ?? {};
    const magnitude = bin === null ? 0 : magnitudes[bin]!;
    // At 0 the sign is left out: a negative zero would not survive JSON.
    const isNegative = signed && signs[i] === 0 && magnitude !== 0;
    drawn.push(...policySteps(name, isNegative ? -magnitude : magnitude, interpolation));
  }
  return drawn;
}
