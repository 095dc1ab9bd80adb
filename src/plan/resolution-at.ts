import type { Address } from '../run/address.js';
import { sizesOfSteps } from '../run/resolutions.js';
import type { Run, ViewGroup } from '../run/run.js';
import { viewsOf } from '../run/views.js';
import { hashKey } from './hash.js';

/**
 * Which of a run's resolutions a step has: drawn by their weights from the seed, the epoch and the step, so that it is the same for
 * all ranks and whenever it is asked for. Null where all steps have the same sizes.
 *
 * Source: dinov3 data/loaders.py and train/train.py, where each step takes one of several loaders by their ratios, drawn alike on all
 * ranks.
 */
export function resolutionAt(
  { seed, resolutions, evaluate }: Pick<Run, 'seed' | 'resolutions' | 'evaluate'>,
  { epoch, step }: Pick<Address, 'epoch' | 'step'>,
): number | null {
  if (evaluate || resolutions.length === 0) return null;
  const { low, high } = hashKey('resolution', seed, epoch, step, '');
  const total = resolutions.reduce((sum, { weight }) => sum + weight, 0);
  // 53 bits: a uniform number in [0, 1), and as much of the weights' sum.
  let left = ((low * 2 ** 21 + (high >>> 11)) / 2 ** 53) * total;
  const found = resolutions.findIndex(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return found < 0 ? resolutions.length - 1 : found;
}

/** The groups of a step's samples, at the step's sizes. */
export function viewsAt(run: Run, address: Pick<Address, 'epoch' | 'step'>): readonly ViewGroup[] {
  const at = resolutionAt(run, address);
  return at === null ? viewsOf(run) : run.resolutions[at]!.views;
}

/** A step's resolution as people are told it: its number, and its sizes as a config writes them. */
export interface NamedResolution extends Readonly<Record<string, number>> {
  readonly resolution: number;
}

/** The resolution of a step by its number and sizes; null where all steps have the same. */
export function namedResolution(run: Run, address: Pick<Address, 'epoch' | 'step'>): NamedResolution | null {
  const resolution = resolutionAt(run, address);
  if (resolution === null) return null;
  const { weight: _, ...sizes } = sizesOfSteps(run)[resolution]!;
  return { resolution, ...sizes };
}

/**
 * How many of the steps [first, end) of an epoch have each resolution, and its share of them beside that which its weight promises:
 * one entry each, none where all steps have the same sizes.
 */
export function realisedResolutions(
  run: Run,
  epoch: number,
  first: number,
  end: number,
): readonly (NamedResolution & { readonly steps: number; readonly share: number; readonly expected: number })[] {
  const resolutions = sizesOfSteps(run);
  const steps = resolutions.map(() => 0);
  for (let step = first; resolutions.length > 0 && step < end; step++) steps[resolutionAt(run, { epoch, step })!]!++;
  const total = resolutions.reduce((sum, { weight }) => sum + weight!, 0);
  return resolutions.map(({ weight, ...sizes }, resolution) => ({
    resolution,
    ...sizes,
    steps: steps[resolution]!,
    share: steps[resolution]! / (end - first),
    expected: weight! / total,
  }));
}
