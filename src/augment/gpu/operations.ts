import { brightness } from './brightness.js';
import { contrast } from './contrast.js';
import { grayscale } from './grayscale.js';
import { hue } from './hue.js';
import type { PointOperation } from './operation.js';
import { saturation } from './saturation.js';
import { solarize } from './solarize.js';

/**
 * Every operation on single pixels. The first four stand in the order of `Jitter.order`'s numbers. An operation's code in a
 * program is its place here, counted from 1.
 */
export const pointOperations: readonly PointOperation[] = [brightness, contrast, saturation, hue, grayscale, solarize];

/** The code of an operation in a program. */
export function codeOf(operation: PointOperation): number {
  return pointOperations.indexOf(operation) + 1;
}
