import { type HashKey, hashKey, keyedWord } from './hash.js';
import type { PlanInput, Slot } from './input.js';
import { preparePlan } from './prepare.js';

/** A number in [0, 1) of 53 bits from two words of a key. */
function uniform(key: HashKey, counter: number): number {
  return ((keyedWord(key, counter) >>> 5) * 2 ** 26 + (keyedWord(key, counter + 1) >>> 6)) / 2 ** 53;
}

/**
 * A step of training under `sampling: iid`: each slot draws its source by the shares, then one of its samples, each as
 * likely as the other, with replacement.
 *
 * It has the distribution of upstream's BalancedSampler (weight N_i^-t for each sample of source i, drawn by
 * `torch.multinomial` with replacement), as a function of (seed, epoch, step) instead of a place in torch's random stream,
 * so the indices themselves are others; and the ranks split one draw, where upstream's draw each their own.
 */
export function composeIid(input: PlanInput, epoch: number, step: number): (slot: number) => Slot {
  const { mixing } = preparePlan(input);
  const key = hashKey('draw', input.seed, epoch, step, '');
  const last = input.sources.length - 1;
  return (slot) => {
    let left = uniform(key, 4 * slot);
    let source = 0;
    for (; source < last && left >= mixing.shares[source]!; source++) left -= mixing.shares[source]!;
    const index = Math.floor(uniform(key, 4 * slot + 2) * input.sources[source]!.count);
    const ordinal = step * input.global_batch + slot;
    return { source, position: ordinal, pass: ordinal, index };
  };
}
