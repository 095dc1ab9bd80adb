import { hashKey } from './hash.js';
import type { PlanInput } from './input.js';
import { makePermutation, type Permutation } from './permutation.js';

/**
 * The order of a step's global batch, keyed by (run seed, epoch, step): slot s holds element `permute(order, s)` of the batch
 * as it is composed source by source.
 */
export function orderPermutation(input: PlanInput, epoch: number, step: number): Permutation {
  return makePermutation(input.global_batch, hashKey('order', input.seed, epoch, step, ''));
}

/** The order in which one pass of an epoch goes through a source, keyed by (run seed, epoch, source name, pass). */
export function walkPermutation(input: PlanInput, epoch: number, source: number, pass: number): Permutation {
  const { name, count } = input.sources[source]!;
  return makePermutation(count, hashKey('walk', input.seed, epoch, pass, name));
}

/**
 * The slots of a global batch that a rank takes, [first, end): the contiguous G / W ones from rank * G / W on, of which a
 * short last batch of validation may leave a part or none.
 *
 * @param size samples of this global batch, at most `globalBatch`
 */
export function rankSlots(globalBatch: number, size: number, rank: number, worldSize: number): [number, number] {
  const share = globalBatch / worldSize;
  return [Math.min(rank * share, size), Math.min((rank + 1) * share, size)];
}
