import type { DrawStep, Interpolation } from './draw.js';

const steps = {
  Identity: () => null,
  ShearX: (magnitude, interpolation) => ({ op: 'shearX', magnitude, interpolation }),
  ShearY: (magnitude, interpolation) => ({ op: 'shearY', magnitude, interpolation }),
  TranslateX: (magnitude, interpolation) => ({ op: 'translateX', magnitude, interpolation }),
  TranslateY: (magnitude, interpolation) => ({ op: 'translateY', magnitude, interpolation }),
  Rotate: (magnitude, interpolation) => ({ op: 'rotate', magnitude, interpolation }),
  Brightness: (magnitude) => ({ op: 'brightness', factor: 1 + magnitude }),
  Color: (magnitude) => ({ op: 'saturation', factor: 1 + magnitude }),
  Contrast: (magnitude) => ({ op: 'contrast', factor: 1 + magnitude }),
  Sharpness: (magnitude) => ({ op: 'sharpness', factor: 1 + magnitude }),
  Posterize: (magnitude) => ({ op: 'posterize', bits: Math.trunc(magnitude) }),
  Solarize: (magnitude) => ({ op: 'solarize', threshold: magnitude }),
  AutoContrast: () => ({ op: 'autocontrast' }),
  Equalize: () => ({ op: 'equalize' }),
  Invert: () => ({ op: 'invert' }),
} satisfies Record<string, (magnitude: number, interpolation: Interpolation) => DrawStep | null>;

/** The operations of RandAugment and AutoAugment, by torchvision's names. */
export type PolicyName = keyof typeof steps;

/**
 * The steps of one operation of a policy: one, and none for Identity.
 *
 * Source: torchvision autoaugment.py, `_apply_op`.
 *
 * @param magnitude signed, in `_apply_op`'s units.
 */
export function policySteps(name: PolicyName, magnitude: number, interpolation: Interpolation): DrawStep[] {
  const step: DrawStep | null = steps[name](magnitude, interpolation);
  return step === null ? [] : [step];
}
