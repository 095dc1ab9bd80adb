import { type Address, type AddressBounds, checkAddress } from '../run/address.js';
import { composeExact } from './exact.js';
import { sampleSeed } from './hash.js';
import { composeIid } from './iid.js';
import type { PlanInput, PlannedSample, Slot } from './input.js';
import { rankSlots, walkPermutation } from './order.js';
import { invert, permute } from './permutation.js';
import { preparePlan } from './prepare.js';
import { composeValidation } from './validation.js';

/** What bounds the addresses of a run; any epoch is allowed where the number of epochs is left out. */
export function addressBounds(input: PlanInput, epochs = Number.MAX_SAFE_INTEGER): AddressBounds {
  return { epochs, stepsPerEpoch: preparePlan(input).stepsPerEpoch, globalBatch: input.global_batch };
}

/** What the slots of a step hold, by the run's way of sampling; the step must be one of the epoch's. */
export function composeStep(input: PlanInput, epoch: number, step: number): (slot: number) => Slot {
  if (input.split === 'val') return composeValidation(input, epoch, step);
  return (input.sampling === 'iid' ? composeIid : composeExact)(input, epoch, step);
}

function withSeed(input: PlanInput, epoch: number, slot: Slot): PlannedSample {
  const source = input.sources[slot.source]!;
  return { ...slot, seed: sampleSeed(input.seed, epoch, source.name, source.key(slot.index), slot.pass) };
}

/**
 * A step's global batch in its order: `global_batch` samples, or fewer in the last step of validation. O(global batch),
 * whatever the sizes of the sources and wherever in the epoch the step is.
 *
 * @throws EPOCH_OUT_OF_RANGE, STEP_OUT_OF_RANGE, and what `preparePlan` throws
 */
export function planStep(input: PlanInput, epoch: number, step: number, epochs?: number): PlannedSample[] {
  return planShare(input, { epoch, step, rank: 0, worldSize: 1 }, epochs);
}

/**
 * A rank's share of a step: the contiguous slots [rank * G / W, (rank + 1) * G / W) of the global batch. In the last step of
 * validation a share may be shorter or empty; every rank has the same number of steps.
 *
 * @throws WORLD_SIZE_INVALID, RANK_INVALID, and what `planStep` throws
 */
export function planShare(input: PlanInput, address: Address, epochs?: number): PlannedSample[] {
  const { count, sample } = shareOf(input, address, epochs);
  return Array.from({ length: count }, (_, slot) => sample(slot));
}

/** What `planShare` gives, each sample as it is asked for. @param slot of the share, from 0 */
export function shareOf(
  input: PlanInput,
  address: Address,
  epochs?: number,
): { readonly count: number; sample(slot: number): PlannedSample } {
  const { epoch, step, rank, worldSize } = address;
  checkAddress(addressBounds(input, epochs), address);
  // The last step of a validation epoch has what is left.
  const size = Math.min(input.global_batch, preparePlan(input).samplesPerEpoch - step * input.global_batch);
  const [first, end] = rankSlots(input.global_batch, size, rank, worldSize);
  const compose = composeStep(input, epoch, step);
  return { count: end - first, sample: (slot) => withSeed(input, epoch, compose(first + slot)) };
}

/**
 * The sample that stands in for an unreadable one: the `tries`-th after it in the same pass of its source's walk, going
 * round at the pass's end, so that each other sample of the source comes up once before any comes again. Its seed is that
 * of its own identity, so it looks as it does in its own place. Under `iid` the walk is that of pass 0; for validation it is
 * the manifest's order.
 *
 * @param tries 1 for the first substitute, 2 for the next, ...; from the source's count on, the same samples come again
 */
export function successor(input: PlanInput, epoch: number, sample: Slot, tries: number): PlannedSample {
  const { source, pass, index, position } = sample;
  const { count } = input.sources[source]!;
  if (input.split === 'val') {
    const next = (index + tries) % count;
    return withSeed(input, epoch, { source, position: next, pass, index: next });
  }
  const iid = input.sampling === 'iid';
  const walk = walkPermutation(input, epoch, source, iid ? 0 : pass);
  const next = (invert(walk, index) + tries) % count;
  const substitute = { source, position: iid ? position : pass * count + next, pass, index: permute(walk, next) };
  return withSeed(input, epoch, substitute);
}
