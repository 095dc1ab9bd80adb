import { TributaryError } from '../errors.js';
import type { PlanInput } from './input.js';
import { type Mixing, prepareMixing } from './mixing.js';

/** What every step of a run shares: a few numbers per source. */
export interface Prepared {
  readonly mixing: Mixing;
  /** Samples of the sources before each one; one more than there are sources. */
  readonly starts: readonly number[];
  /**
   * floor(samples of all sources / global batch) for training at any mixture, as the last partial batch is dropped; rounded
   * up for validation. It depends on no rank.
   */
  readonly stepsPerEpoch: number;
  /** Slots over all steps: steps * global batch for training, every sample once for validation. */
  readonly samplesPerEpoch: number;
}

function refuse(expected: string, came: string, remedy: string): never {
  throw new TributaryError('KNOB_OUT_OF_RANGE', { expected, came, remedy });
}

function checkWeights({ sources, weights }: PlanInput): void {
  if (weights === null) return;
  const names = new Set(sources.map(({ name }) => name));
  for (const name of Object.keys(weights)) {
    if (names.has(name)) continue;
    throw new TributaryError('UNKNOWN_SOURCE', {
      expected: `weights for the run's sources ${[...names].join(', ')}`,
      came: `a weight for ${name}`,
      remedy: 'Remove that weight or add the source to the run',
    });
  }
  for (const name of names) {
    const weight = Object.hasOwn(weights, name) ? weights[name] : undefined;
    if (weight !== undefined && Number.isFinite(weight) && weight > 0) continue;
    refuse(
      'a weight above 0 for every source',
      weight === undefined ? `none for ${name}` : `${weight} for ${name}`,
      'Give each source of the run a positive weight, and leave a source that is not wanted out of `sources`',
    );
  }
}

function check(input: PlanInput): void {
  const { seed, global_batch: globalBatch, sample_t: sampleT, sources } = input;
  if (!Number.isSafeInteger(seed) || seed < 0) refuse('an integer seed in [0, 2^53)', `${seed}`, 'Change seed');
  if (!Number.isSafeInteger(globalBatch) || globalBatch < 1) {
    refuse('a global batch of at least 1 sample', `${globalBatch}`, 'Change global_batch');
  }
  if (!(sampleT >= 0 && sampleT <= 1)) refuse('sample_t in [0, 1]', `${sampleT}`, 'Change sample_t');
  if (sources.length === 0) refuse('at least one source', 'none', "Name the run's sources under `sources`");
  for (const { name, count } of sources) {
    if (Number.isSafeInteger(count) && count > 0) continue;
    throw new TributaryError('SOURCE_EMPTY', {
      expected: `at least one sample in source ${name}`,
      came: `${count}`,
      remedy: 'Check the path and layout of the source, or leave it out of the run',
      metadata: { source: name },
    });
  }
  checkWeights(input);
}

function prepareAnew(input: PlanInput): Prepared {
  check(input);
  const starts = [0];
  for (const { count } of input.sources) starts.push(starts.at(-1)! + count);
  const total = starts.at(-1)!;
  if (!Number.isSafeInteger(total))
    refuse('fewer than 2^53 samples in all', `${total}`, 'Leave sources out of the run');
  const mixing = prepareMixing(input);
  const isTraining = input.split === 'train';
  const steps = total / input.global_batch;
  const stepsPerEpoch = isTraining ? Math.floor(steps) : Math.ceil(steps);
  if (stepsPerEpoch === 0) {
    refuse(
      `a global batch of at most the ${total} samples of the run`,
      `${input.global_batch}`,
      'Lower global_batch: a training epoch drops the last partial batch, and would have no step',
    );
  }
  const samplesPerEpoch = isTraining ? stepsPerEpoch * input.global_batch : total;
  return { mixing, starts, stepsPerEpoch, samplesPerEpoch };
}

const known = new WeakMap<PlanInput, Prepared>();

/**
 * Checks a run's input and computes what all its steps share; the second call for the same object costs nothing. Calling it
 * first finds every fault of the input before a step is asked for.
 *
 * @throws KNOB_OUT_OF_RANGE, SOURCE_EMPTY, UNKNOWN_SOURCE
 */
export function preparePlan(input: PlanInput): Prepared {
  const prepared = known.get(input) ?? prepareAnew(input);
  known.set(input, prepared);
  return prepared;
}
