import { TributaryError } from '../errors.js';
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

/** The world sizes next to `worldSize`, on both sides, that divide the global batch; the one below comes first. */
export function nearestWorldSizes(globalBatch: number, worldSize: number): number[] {
  let below = 0;
  let above = Number.POSITIVE_INFINITY;
  // Divisors come in pairs around the root, so that a huge global batch costs no time either.
  for (let small = 1; small * small <= globalBatch; small++) {
    if (globalBatch % small !== 0) continue;
    for (const divisor of [small, globalBatch / small]) {
      if (divisor <= worldSize) below = Math.max(below, divisor);
      else above = Math.min(above, divisor);
    }
  }
  return [below, above].filter((divisor) => divisor >= 1 && divisor <= globalBatch);
}

/**
 * Checks that a world size divides the global batch and that the rank is one of its ranks.
 *
 * @throws WORLD_SIZE_INVALID with the nearest that divide, RANK_INVALID
 */
export function checkRank(globalBatch: number, rank: number, worldSize: number): void {
  if (!Number.isSafeInteger(worldSize) || worldSize < 1 || globalBatch % worldSize !== 0) {
    const nearest = nearestWorldSizes(globalBatch, worldSize).join(' or ');
    throw new TributaryError('WORLD_SIZE_INVALID', {
      expected: `a world size that divides the global batch of ${globalBatch}`,
      came: `${worldSize}`,
      remedy: `Use a world size of ${nearest}, or change global_batch`,
      metadata: { global_batch: `${globalBatch}`, world_size: `${worldSize}`, nearest },
    });
  }
  if (!Number.isSafeInteger(rank) || rank < 0 || rank >= worldSize) {
    throw new TributaryError('RANK_INVALID', {
      expected: `a rank from 0 to ${worldSize - 1}`,
      came: `${rank}`,
      remedy: `Number the ranks of a world of ${worldSize} from 0`,
      metadata: { rank: `${rank}`, world_size: `${worldSize}` },
    });
  }
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
