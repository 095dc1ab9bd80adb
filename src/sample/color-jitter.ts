import type { Jitter } from './draw.js';
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
 * Draws the order and the factors of ColorJitter. Below `color_jitter` 1 it stands inside a RandomApply, which draws
 * first; null where that does not apply. A factor whose range is empty is not drawn, and null.
 *
 * Source: torchvision transforms.py, `ColorJitter._check_input` and `ColorJitter.get_params`.
 */
export function drawColorJitter(generator: Generator, knobs: JitterKnobs): Jitter | null {
  if (knobs.color_jitter < 1 && !drawApply(generator, knobs.color_jitter)) return null;
  const order = generator.randperm(4) as [number, number, number, number];
  const brightness = drawFactor(generator, knobs.hsv_v);
  const contrast = drawFactor(generator, knobs.hsv_v);
  const saturation = drawFactor(generator, knobs.hsv_s);
  const hue = knobs.hsv_h === 0 ? null : generator.uniform(-knobs.hsv_h, knobs.hsv_h);
  return { order, brightness, contrast, saturation, hue };
}

function drawFactor(generator: Generator, range: number): number | null {
  return range === 0 ? null : generator.uniform(Math.max(1 - range, 0), 1 + range);
}
