import { z } from 'zod';
import { choice, number, pair, probability } from './fields.js';
import { dotted, type Problem, shown, type UnknownKey, unknownAmong } from './problems.js';
import { recipes } from './recipes.js';
import type { Knobs } from './run.js';
import { suggestion } from './similar-names.js';
import { elsewhere } from './upstream-names.js';

const policies = ['randaugment', 'autoaugment'] as const;

/** torch's generator cannot give AugMix's Dirichlet draws here, and upstream's own call of it fails. */
const augmix = {
  reason: 'UNSUPPORTED_KNOB',
  came: 'augmix',
  remedy:
    'Use randaugment or autoaugment: upstream itself fails on augmix with BICUBIC, and its gamma sampler cannot be reproduced',
} as const;

/** What each knob may be. Ranges are upstream's (cfg/__init__.py, `check_cfg`), and ColorJitter's and RandomErasing's own. */
export const knobFields = {
  hsv_h: number('a number in [0, 0.5]', (value) => value >= 0 && value <= 0.5),
  hsv_s: number('a number in [0, 1]', (value) => value >= 0 && value <= 1),
  hsv_v: number('a number in [0, 1]', (value) => value >= 0 && value <= 1),
  color_jitter: probability,
  grayscale: probability,
  gaussian_blur: probability,
  blur_sigma: pair(),
  solarize: probability,
  erasing: probability,
  auto_augment: z.preprocess(
    (value) => (value === '' || (typeof value === 'string' && /^none$/i.test(value)) ? null : value),
    choice(policies, (word) => (word === 'augmix' ? augmix : null)).nullable(),
  ),
  force_color_jitter: z.boolean({ error: 'true or false' }),
  fliplr: probability,
  flipud: probability,
  scale: pair(1),
  ratio: pair(),
  interpolation: choice(['NEAREST', 'BILINEAR', 'BICUBIC']),
  transforms: choice(['ultralytics', 'dinov2', 'dinov3']),
} satisfies { readonly [K in keyof Knobs]: z.ZodType<Knobs[K]> };

/** The names of all augmentation knobs. */
export const knobNames = Object.keys(knobFields) as readonly (keyof Knobs)[];

/** What is wrong with a key that is no knob: it has its place elsewhere, or is unknown among `known`. */
export function unknownKnob(known: readonly string[]): UnknownKey {
  const unknown = unknownAmong(known, 'knob', 'UNKNOWN_KNOB');
  return (key, path) =>
    Object.hasOwn(elsewhere, key)
      ? { ...unknown(key, path), reason: 'UNSUPPORTED_KNOB', remedy: elsewhere[key]! }
      : unknown(key, path);
}

/** What is wrong with a recipe's name. */
export function unknownRecipe(name: string, path: readonly PropertyKey[]): Problem {
  return {
    reason: 'UNKNOWN_RECIPE',
    path,
    expected: path.length < 2 ? 'a known recipe' : `a known recipe for ${dotted(path)}`,
    came: shown(name),
    remedy: suggestion(
      name,
      recipes.map((recipe) => recipe.name),
    ),
  };
}
