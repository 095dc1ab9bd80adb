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
  const { epoch, step, rank, worldSize } = address;
  checkAddress(addressBounds(input, epochs), address);
  // The last step of a validation epoch has what is left.
  const size = Math.min(input.global_batch, preparePlan(input).samplesPerEpoch - step * input.global_batch);
  const [first, end] = rankSlots(input.global_batch, size, rank, worldSize);
  const compose = composeStep(input, epoch, step);
  return Array.from({ length: end - first }, (_, i) =>
    withSeed(input, epoch, present(input, epoch, compose(first + i))),
  );
}

/** What a slot holds once excluded samples are taken out: the slot as it is composed, or the next that is not excluded. */
export function present(input: PlanInput, epoch: number, slot: Slot): Slot {
  return isExcluded(input, slot) ? following(input, epoch, slot, 1) : slot;
}

function isExcluded({ sources }: PlanInput, { source, index }: Slot): boolean {
  return sources[source]!.excluded?.has(index) === true;
}

/**
 * The sample that stands in for an unreadable one: the `tries`-th after it in the same pass of its source's walk, going
 * round at the pass's end, so that each other sample of the source comes up once before any comes again. Its seed is that
 * of its own identity, so it looks as it does in its own place. Under `iid` the walk is that of pass 0; for validation it is
 * the manifest's order. Excluded samples are passed over, and stand for nothing.
 *
 * @param tries 1 for the first substitute, 2 for the next, ...; from the source's count on, the same samples come again
 */
export function successor(input: PlanInput, epoch: number, sample: Slot, tries: number): PlannedSample {
  return withSeed(input, epoch, following(input, epoch, sample, tries));
}

function following(input: PlanInput, epoch: number, sample: Slot, tries: number): Slot {
  const { source, pass, index, position } = sample;
  const { count, excluded } = input.sources[source]!;
  const order = passOrder(input, epoch, source, pass);
  const place = order.placeOf(index);
  let away = 0;
  for (let left = tries; left > 0; ) {
    away++;
    if (!excluded?.has(order.indexAt((place + away) % count))) left--;
  }
  const next = (place + away) % count;
  const at = input.split === 'val' ? next : input.sampling === 'iid' ? position : pass * count + next;
  return { source, position: at, pass, index: order.indexAt(next) };
}

/** The order in which a pass goes through a source: that of the manifest for validation, of pass 0 under `iid`. */
export function passOrder(
  input: PlanInput,
  epoch: number,
  source: number,
  pass: number,
): { readonly placeOf: (index: number) => number; readonly indexAt: (place: number) => number } {
  if (input.split === 'val') return { placeOf: (index) => index, indexAt: (place) => place };
  const walk = walkPermutation(input, epoch, source, input.sampling === 'iid' ? 0 : pass);
  return { placeOf: (index) => invert(walk, index), indexAt: (place) => permute(walk, place) };
}
