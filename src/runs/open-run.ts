import type { ResolvedRun } from '../batch/batch.js';
import type { PlanInput } from '../plan/input.js';
import { addressBounds } from '../plan/plan.js';
import { preparePlan } from '../plan/prepare.js';
import type { AddressBounds } from '../run/address.js';
import { runFingerprint } from '../run/fingerprint.js';
import type { Run } from '../run/run.js';
import { joinLabels, ownLabels } from '../sources/manifest/label-space.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import { corruptBound } from './corrupt-bound.js';

/** A run with its manifests: all that a batch's address is resolved against. */
export interface OpenRun extends ResolvedRun {
  readonly bounds: AddressBounds;
  readonly stepsPerEpoch: number;
  readonly samplesPerEpoch: number;
}

/** No training ends an evaluation: its epochs are alike, and any may be asked for. */
const epochsOfEvaluation = 2 ** 31 - 1;

/**
 * Joins a run with the manifests of its sources, in the run's order. Throws where the plan cannot be made.
 *
 * @param own the manifests of the run's own split, where a request asked for the other one: they number the classes, so that
 *   both splits have the same labels by name.
 */
export function openRun(run: Run, manifests: readonly Manifest[], own: readonly Manifest[] = []): OpenRun {
  const { seed, global_batch, sample_t, weights, sampling, evaluate } = run;
  const sources = manifests.map((manifest) => ({
    name: manifest.source,
    count: manifest.count,
    key: (index: number) => manifest.key(index),
    excluded: manifest.excluded,
  }));
  const plan: PlanInput = {
    ...{ seed, global_batch, sample_t, weights, sampling, sources },
    split: evaluate ? 'val' : 'train',
  };
  const first = own.map(({ classNames }) => classNames);
  const labels = run.labels === 'joined' ? joinLabels(manifests, first) : ownLabels(manifests);
  const fingerprint = runFingerprint(
    run,
    manifests.map(({ source, fingerprint, excluded, key }) => ({
      name: source,
      fingerprint,
      ...(excluded && { excluded: [...excluded].map(key).sort() }),
    })),
    labels.isOwn ? null : labels.classNames,
  );
  const bounds = addressBounds(plan, evaluate ? epochsOfEvaluation : run.training.epochs);
  return {
    run,
    manifests,
    labels,
    plan,
    fingerprint,
    bounds,
    stepsPerEpoch: bounds.stepsPerEpoch,
    samplesPerEpoch: preparePlan(plan).samplesPerEpoch,
    countSample: corruptBound(run),
  };
}
