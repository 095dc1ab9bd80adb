import type { Knobs } from '../run/run.js';
import type { DrawStep } from './draw.js';
import type { Generator } from './mersenne-twister.js';
import { drawApply } from './random-apply.js';

/** The knobs of ColorJitter; contrast shares `hsv_v` with brightness. */
export type JitterKnobs = Pick<Knobs, 'hsv_h' | 'hsv_s' | 'hsv_v' | 'color_jitter' | 'transforms'>;

/**
 * Draws the order and the factors of ColorJitter, its steps in that order. Below `color_jitter` 1, and in DINO's pipelines always, it
 * stands inside a RandomApply, which draws first; no steps where that does not apply. A factor whose range is empty is not drawn.
 *
 * Source: torchvision transforms.py, `ColorJitter._check_input`, `ColorJitter.get_params` and `ColorJitter.forward`.
 */
export function drawColorJitter(generator: Generator, knobs: JitterKnobs): DrawStep[] {
  const { color_jitter: probability, transforms } = knobs;
  const isBare = probability >= 1 && transforms === 'ultralytics';
  if (!isBare && !drawApply(generator, probability, transforms)) return [];
  const order = generator.randperm(4);
  const drawn = [
    drawFactor(generator, 'brightness', knobs.hsv_v),
    drawFactor(generator, 'contrast', knobs.hsv_v),
    drawFactor(generator, 'saturation', knobs.hsv_s),
    drawHue(generator, knobs.hsv_h),
  ];
  return order.flatMap((turn) => drawn[turn]!);
}

function drawFactor(generator: Generator, op: 'brightness' | 'contrast' | 'saturation', range: number): DrawStep[] {
  return range === 0 ? [] : [{ op, factor: generator.uniform(Math.max(1 - range, 0), 1 + range) }];
}

function drawHue(generator: Generator, range: number): DrawStep[] {
  return range === 0 ? [] : [{ op: 'hue', turns: generator.uniform(-range, range) }];
}
