import type { ResolvedRun } from '../batch/batch.js';
import type { PlanInput } from '../plan/input.js';
import { addressBounds } from '../plan/plan.js';
import { preparePlan } from '../plan/prepare.js';
import type { AddressBounds } from '../run/address.js';
import { runFingerprint } from '../run/fingerprint.js';
import type { Run } from '../run/run.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import { corruptBound } from './corrupt-bound.js';

/** A run with its manifests: all that a batch's address is resolved against. */
export interface OpenRun extends ResolvedRun {
  readonly bounds: AddressBounds;
  readonly stepsPerEpoch: number;
  readonly samplesPerEpoch: number;
}

/** Joins a run with the manifests of its sources, in the run's order. Throws where the plan cannot be made. */
export function openRun(run: Run, manifests: readonly Manifest[]): OpenRun {
  const { seed, global_batch, sample_t, weights, sampling, split } = run;
  const sources = manifests.map((manifest) => ({
    name: manifest.source,
    count: manifest.count,
    key: (index: number) => manifest.key(index),
  }));
  const plan: PlanInput = { seed, global_batch, sample_t, weights, sampling, split, sources };
  const fingerprint = runFingerprint(
    run,
    manifests.map((manifest) => ({ name: manifest.source, fingerprint: manifest.fingerprint })),
  );
  const bounds = addressBounds(plan, run.training.epochs);
  return {
    run,
    manifests,
    plan,
    fingerprint,
    bounds,
    stepsPerEpoch: bounds.stepsPerEpoch,
    samplesPerEpoch: preparePlan(plan).samplesPerEpoch,
    countSample: corruptBound(run),
  };
}
