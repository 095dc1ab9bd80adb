import type { DrawStep, OperationName } from '../sample/draw.js';
import { fitsProgram } from './gpu/step-program.js';

/**
 * Where the longest suffix of `steps` begins that a device runs: `steps.length` where it runs none of it. Worker threads run
 * what stands before.
 *
 * @param operations what the device runs (`Backend.operations`).
 */
export function splitSteps(steps: readonly DrawStep[], operations: ReadonlySet<OperationName>): number {
  let begin = steps.length;
  while (begin > 0 && operations.has(steps[begin - 1]!.op) && fitsProgram(steps.slice(begin - 1))) begin--;
  return begin;
}
