import { TributaryError } from '../errors.js';

/** Which batch of a run: a rank's share of a step of an epoch. All count from 0; `worldSize` is the number of ranks. */
export interface Address {
  readonly epoch: number;
  readonly step: number;
  readonly rank: number;
  readonly worldSize: number;
}

/** What bounds the addresses of a run. */
export interface AddressBounds {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Samples of a step over all ranks. */
  readonly globalBatch: number;
}

/**
 * The one check of an address, for whoever is given one. What is left out is taken for step 0 of rank 0 of a world of 1.
 *
 * @throws TributaryError EPOCH_OUT_OF_RANGE, STEP_OUT_OF_RANGE, WORLD_SIZE_INVALID with the nearest that divide the global
 *   batch, RANK_INVALID
 */
export function checkAddress(
  { epochs, stepsPerEpoch, globalBatch }: AddressBounds,
  { epoch, step = 0, rank = 0, worldSize = 1 }: Pick<Address, 'epoch'> & Partial<Address>,
): void {
  checkEpoch(epoch, epochs);
  if (!isBelow(step, stepsPerEpoch)) {
    throw new TributaryError('STEP_OUT_OF_RANGE', {
      expected: `a step from 0 to ${stepsPerEpoch - 1}`,
      came: `${step}`,
      remedy: `Ask for one of the ${stepsPerEpoch} steps of the epoch; the next epoch begins at its step 0`,
      metadata: { step: `${step}`, steps_per_epoch: `${stepsPerEpoch}` },
    });
  }
  if (!Number.isSafeInteger(worldSize) || worldSize < 1 || globalBatch % worldSize !== 0) {
    const nearest = nearestWorldSizes(globalBatch, worldSize).join(' or ');
    throw new TributaryError('WORLD_SIZE_INVALID', {
      expected: `a world size that divides the global batch of ${globalBatch}`,
      came: `${worldSize}`,
      remedy: `Use a world size of ${nearest}, or change global_batch`,
      metadata: { global_batch: `${globalBatch}`, world_size: `${worldSize}`, nearest },
    });
  }
  if (!isBelow(rank, worldSize)) {
    throw new TributaryError('RANK_INVALID', {
      expected: `a rank from 0 to ${worldSize - 1}`,
      came: `${rank}`,
      remedy: `Number the ranks of a world of ${worldSize} from 0`,
      metadata: { rank: `${rank}`, world_size: `${worldSize}` },
    });
  }
}

/** The part of `checkAddress` that a schedule needs. @throws TributaryError EPOCH_OUT_OF_RANGE */
export function checkEpoch(epoch: number, epochs: number): void {
  if (isBelow(epoch, epochs)) return;
  throw new TributaryError('EPOCH_OUT_OF_RANGE', {
    expected: `an epoch from 0 to ${epochs - 1}`,
    came: `${epoch}`,
    remedy: 'Ask for an epoch of the run, or raise its epochs',
    metadata: { epoch: `${epoch}`, epochs: `${epochs}` },
  });
}

function isBelow(value: number, end: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < end;
}

/** The world sizes next to `worldSize`, on both sides, that divide the global batch; the one below comes first. */
function nearestWorldSizes(globalBatch: number, worldSize: number): number[] {
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
