import { TributaryError } from '../errors.js';
import { checkAddress } from '../run/address.js';
import type { PlanInput } from './input.js';
import { countsBefore, type Mixing, shares } from './mixing.js';
import { orderPermutation } from './order.js';
import { invert } from './permutation.js';
import { addressBounds, composeStep, passOrder, present } from './plan.js';
import { preparePlan } from './prepare.js';

/** Where in an epoch a sample comes. */
export interface Occurrence {
  readonly step: number;
  /** Its slot in the global batch. */
  readonly slot: number;
  readonly rank: number;
  readonly pass: number;
}

/** The largest step in which the source's count before it is at most `position`. */
function stepOf(mixing: Mixing, source: number, position: number, globalBatch: number, steps: number): number {
  let low = 0;
  let high = steps - 1;
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    if (countsBefore(mixing, middle * globalBatch)[source]! <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

function* findExact(input: PlanInput, epoch: number, source: number, index: number, share: number) {
  const { mixing, stepsPerEpoch, samplesPerEpoch } = preparePlan(input);
  const { count } = input.sources[source]!;
  const taken = countsBefore(mixing, samplesPerEpoch)[source]!;
  for (const position of passes(input, epoch, source, index, Math.ceil(taken / count))) {
    const pass = Math.floor(position / count);
    if (position >= taken) continue;
    const step = stepOf(mixing, source, position, input.global_batch, stepsPerEpoch);
    const before = countsBefore(mixing, step * input.global_batch);
    const after = countsBefore(mixing, (step + 1) * input.global_batch);
    let element = position - before[source]!;
    for (let other = 0; other < source; other++) element += after[other]! - before[other]!;
    const slot = invert(orderPermutation(input, epoch, step), element);
    yield { step, slot, rank: Math.floor(slot / share), pass };
  }
}

function* findIid(input: PlanInput, epoch: number, source: number, index: number, share: number) {
  for (let step = 0; step < preparePlan(input).stepsPerEpoch; step++) {
    const compose = composeStep(input, epoch, step);
    for (let slot = 0; slot < input.global_batch; slot++) {
      const drawn = present(input, epoch, compose(slot));
      if (drawn.source === source && drawn.index === index) {
        yield { step, slot, rank: Math.floor(slot / share), pass: drawn.pass };
      }
    }
  }
}

function* findValidation(input: PlanInput, epoch: number, source: number, index: number, share: number) {
  for (const place of passes(input, epoch, source, index, 1)) {
    const ordinal = preparePlan(input).starts[source]! + place;
    const step = Math.floor(ordinal / input.global_batch);
    const slot = ordinal % input.global_batch;
    yield { step, slot, rank: Math.floor(slot / share), pass: 0 };
  }
}

/** The positions at which a sample comes in these passes: its own, and those before it whose samples are excluded. */
function* passes(
  input: PlanInput,
  epoch: number,
  source: number,
  index: number,
  count: number,
): Generator<number, void> {
  const { count: size, excluded } = input.sources[source]!;
  if (excluded?.has(index)) return;
  for (let pass = 0; pass < count; pass++) {
    const order = passOrder(input, epoch, source, pass);
    const places = [order.placeOf(index)];
    const before = () => (places.at(-1)! + size - 1) % size;
    if (excluded !== undefined) while (excluded.has(order.indexAt(before()))) places.push(before());
    for (const place of places.sort((a, b) => a - b)) yield pass * size + place;
  }
}

/**
 * Where a sample comes in an epoch, one occurrence per pass and one for each excluded sample that it stands for, found as they
 * are asked for.
 *
 * Under `exact` each is closed form (the inverse of the walk, a binary search over the counts, the inverse of the order):
 * O(log steps). Under `iid` the epoch is drawn through without its keys: O(samples of the epoch).
 *
 * @param source index of the source in the run
 * @throws ARGUMENT_INVALID, EPOCH_OUT_OF_RANGE, WORLD_SIZE_INVALID
 */
export function findSample(
  input: PlanInput,
  epoch: number,
  source: number,
  index: number,
  worldSize = 1,
): Generator<Occurrence, void> {
  checkAddress(addressBounds(input), { epoch, worldSize });
  const count = input.sources[source]?.count ?? 0;
  if (!Number.isSafeInteger(index) || index < 0 || index >= count) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: `an index from 0 to ${count - 1} of a source of the run`,
      came: `index ${index} of source ${source}`,
      remedy: 'Look the sample up by its key',
    });
  }
  const share = input.global_batch / worldSize;
  if (input.split === 'val') return findValidation(input, epoch, source, index, share);
  return (input.sampling === 'iid' ? findIid : findExact)(input, epoch, source, index, share);
}

/** What a range of steps holds of one source. */
export interface RealisedShare {
  readonly source: string;
  /** Samples of it in these steps. */
  readonly count: number;
  /** `count` over all samples of these steps. */
  readonly share: number;
  /** What the run's shares promise, p_i. */
  readonly expected: number;
}

/**
 * The realised mixture of the steps [first, end) of an epoch, one entry per source in the run's order. Closed form for any
 * range, except under `iid`, where the steps are drawn.
 *
 * @throws EPOCH_OUT_OF_RANGE, STEP_OUT_OF_RANGE
 */
export function realisedMixture(input: PlanInput, epoch: number, first: number, end: number): RealisedShare[] {
  for (const step of [first, end - 1]) checkAddress(addressBounds(input), { epoch, step });
  const { samplesPerEpoch } = preparePlan(input);
  const from = first * input.global_batch;
  const to = Math.min(end * input.global_batch, samplesPerEpoch);
  const counts = countsBetween(input, epoch, from, to);
  const expected = shares(input);
  return input.sources.map(({ name }, i) => ({
    source: name,
    count: counts[i]!,
    share: to > from ? counts[i]! / (to - from) : 0,
    expected: expected[i]!,
  }));
}

function countsBetween(input: PlanInput, epoch: number, from: number, to: number): number[] {
  const { mixing, starts } = preparePlan(input);
  if (input.split === 'val') {
    const within = (ordinal: number, i: number) => Math.min(Math.max(ordinal - starts[i]!, 0), input.sources[i]!.count);
    return input.sources.map((_, i) => within(to, i) - within(from, i));
  }
  if (input.sampling === 'exact') {
    const before = countsBefore(mixing, from);
    return countsBefore(mixing, to).map((count, i) => count - before[i]!);
  }
  const counts = input.sources.map(() => 0);
  for (let step = from / input.global_batch; step < to / input.global_batch; step++) {
    const compose = composeStep(input, epoch, step);
    for (let slot = 0; slot < input.global_batch; slot++) counts[compose(slot).source]!++;
  }
  return counts;
}
