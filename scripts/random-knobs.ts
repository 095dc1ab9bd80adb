import { recipes } from '../src/run/recipes.js';
import type { Knobs } from '../src/run/run.js';
import { mersenneTwister } from '../src/sample/mersenne-twister.js';

/** Integers for one comparison, from its seed: `below(n)` is in [0, n). */
export function randomness(seed: number): { below(n: number): number; pick<T>(values: readonly T[]): T } {
  const generator = mersenneTwister(seed);
  const below = (n: number) => generator.u32() % n;
  return { below, pick: (values) => values[below(values.length)]! };
}

/**
 * The knobs of a random recipe, each changed with a chance of one third to a value off the beaten track: probabilities
 * at the ends and between, empty ranges, narrow and wide crops, every policy and filter.
 */
export function randomKnobs({ below, pick }: ReturnType<typeof randomness>): Knobs {
  const knobs: Record<string, unknown> = { ...pick(recipes).knobs };
  const probability = () => pick([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1, below(1001) / 1000]);
  for (const name of ['color_jitter', 'grayscale', 'gaussian_blur', 'solarize', 'erasing', 'fliplr', 'flipud']) {
    if (below(3) === 0) knobs[name] = probability();
  }
  if (below(3) === 0) knobs.hsv_h = pick([0, 0.015, 0.1, 0.5, below(501) / 1000]);
  if (below(3) === 0) knobs.hsv_s = pick([0, 0.2, 0.7, 1, 1.5, below(1001) / 1000]);
  if (below(3) === 0) knobs.hsv_v = pick([0, 0.4, 1, 1.5, below(1001) / 1000]);
  if (below(3) === 0)
    knobs.scale = pick([
      [0.05, 0.32],
      [0.4, 1],
      [1, 1],
      [0.001, 0.01],
    ]);
  if (below(3) === 0)
    knobs.ratio = pick([
      [1, 1],
      [0.5, 2],
      [0.2, 0.3],
      [3, 7],
      [0.712, 2.425],
    ]);
  if (below(3) === 0) knobs.interpolation = pick(['NEAREST', 'BILINEAR', 'BICUBIC']);
  if (below(3) === 0) knobs.auto_augment = pick([null, 'randaugment', 'autoaugment']);
  if (below(3) === 0) knobs.force_color_jitter = pick([true, false]);
  return knobs as unknown as Knobs;
}
