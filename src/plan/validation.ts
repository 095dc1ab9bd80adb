import type { PlanInput, Slot } from './input.js';
import { preparePlan } from './prepare.js';

/** A step of validation: every sample once, source by source in the run's order, as the manifests have them. */
export function composeValidation(input: PlanInput, _epoch: number, step: number): (slot: number) => Slot {
  const { starts } = preparePlan(input);
  return (slot) => {
    const ordinal = step * input.global_batch + slot;
    let source = 0;
    while (ordinal >= starts[source + 1]!) source++;
    const index = ordinal - starts[source]!;
    return { source, position: index, pass: 0, index };
  };
}
