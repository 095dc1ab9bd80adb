import type { PlanInput, Slot } from './input.js';
import { countsBefore } from './mixing.js';
import { orderPermutation, walkPermutation } from './order.js';
import { type Permutation, permute } from './permutation.js';
import { preparePlan } from './prepare.js';

/**
 * A step of training under `sampling: exact`: each source gives as many samples as its count grows by in this step, from
 * where its walk stands, and the batch is then put in order by the step's permutation.
 */
export function composeExact(input: PlanInput, epoch: number, step: number): (slot: number) => Slot {
  const { mixing } = preparePlan(input);
  const globalBatch = input.global_batch;
  const before = countsBefore(mixing, step * globalBatch);
  const after = countsBefore(mixing, (step + 1) * globalBatch);
  const order = orderPermutation(input, epoch, step);
  const walks = new Map<string, Permutation>();
  const walk = (source: number, pass: number): Permutation => {
    const name = `${source}/${pass}`;
    const made = walks.get(name) ?? walkPermutation(input, epoch, source, pass);
    walks.set(name, made);
    return made;
  };
  return (slot) => {
    let element = permute(order, slot);
    let source = 0;
    for (; element >= after[source]! - before[source]!; source++) element -= after[source]! - before[source]!;
    const position = before[source]! + element;
    const { count } = input.sources[source]!;
    const pass = Math.floor(position / count);
    return { source, position, pass, index: permute(walk(source, pass), position - pass * count) };
  };
}
