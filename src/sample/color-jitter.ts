import type { DrawStep } from './draw.js';
import type { Generator } from './mersenne-twister.js';
import { drawApply } from './random-apply.js';

/** The knobs of ColorJitter; contrast shares `hsv_v` with brightness. */
export interface JitterKnobs {
  readonly hsv_h: number;
  readonly hsv_s: number;
  readonly hsv_v: number;
  readonly color_jitter: number;
}

/**
 * Draws the order and the factors of ColorJitter, its steps in that order. Below `color_jitter` 1 it stands inside a
 * RandomApply, which draws first; no steps where that does not apply. A factor whose range is empty is not drawn.
 *
 * Source: torchvision transforms.py, `ColorJitter._check_input`, `ColorJitter.get_params` and `ColorJitter.forward`.
 */
export function drawColorJitter(generator: Generator, knobs: JitterKnobs): DrawStep[] {
  if (knobs.color_jitter < 1 && !drawApply(generator, knobs.color_jitter)) return [];
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
