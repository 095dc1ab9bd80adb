import { recipes } from '../src/run/recipes.js';
import type { Knobs, ViewGroup } from '../src/run/run.js';
import { resolveViews } from '../src/run/views.js';
import type { Drawing } from '../src/sample/draw-sample.js';
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
  if (below(6) === 0) knobs.transforms = pick(['ultralytics', 'dinov2', 'dinov3']);
  if (below(3) === 0)
    knobs.blur_sigma = pick([
      [0.1, 5],
      [1, 1],
      [0.3, 0.9],
    ]);
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

/**
 * The views of a random recipe of several, as it is or with other sizes, counts, scales and probabilities, some groups with random
 * knobs altogether; in some of them jitter is shared.
 */
export function randomViews(random: ReturnType<typeof randomness>): Drawing {
  const { below, pick } = random;
  const recipe = pick(recipes.filter(({ views }) => views !== undefined));
  const side = (usual: number) => pick([usual, 96, 64, 17 + below(200)]);
  const probability = () => pick([0, 0.1, 0.5, 0.9, 1, below(1001) / 1000]);
  const settings = recipe.views!.map((group) => {
    if (group.of !== undefined) {
      const interpolation = pick(['NEAREST', 'BILINEAR', 'BICUBIC'] as const);
      return { ...group, interpolation, image_size: pick([null, group.image_size, side(160)]) };
    }
    const count = pick([group.count!, 1 + below(3)]);
    const each = (): number | number[] => (below(2) === 0 ? probability() : Array.from({ length: count }, probability));
    return {
      ...group,
      ...(below(3) === 0 ? { ...randomKnobs(random), erasing: 0 } : {}),
      count,
      image_size: side(group.image_size!),
      ...(count === group.count ? {} : { gaussian_blur: each(), solarize: each() }),
      ...(below(4) === 0
        ? {
            scale: pick([
              [0.05, 0.32],
              [0.4, 1],
              [1, 1],
              [0.001, 0.01],
            ] as const),
          }
        : {}),
      ...(below(4) === 0
        ? {
            gaussian_blur: each(),
            blur_sigma: pick([
              [0.1, 2],
              [0.1, 5],
            ] as const),
          }
        : {}),
      ...(below(4) === 0 ? { color_jitter: each(), grayscale: each(), fliplr: each() } : {}),
    };
  });
  // No more gram views than there are crops.
  const count = Math.min(...settings.filter(({ of }) => of === undefined).map((group) => group.count!), 2);
  const views: readonly ViewGroup[] = resolveViews(
    settings.map((group) => (group.of === undefined ? group : { ...group, count })),
    recipe.knobs,
  );
  const shares = below(4) === 0 ? below(2) === 0 : (recipe.share_color_jitter ?? false);
  return { evaluate: false, resize_size: 9, share_color_jitter: shares, views };
}
