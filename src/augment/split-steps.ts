import type { DrawStep } from '../sample/draw.js';
import { programOf } from './gpu/step-program.js';

/**
 * Where the longest suffix of `steps` begins that a device runs: `steps.length` where it runs none of it. Worker threads run
 * what stands before.
 */
export function splitSteps(steps: readonly DrawStep[]): number {
  let begin = steps.length;
  while (begin > 0 && programOf(steps.slice(begin - 1)) !== null) begin--;
  return begin;
}
