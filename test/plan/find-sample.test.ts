import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TributaryError } from '../../src/errors.js';
import { findSample, type Occurrence, realisedMixture } from '../../src/plan/find-sample.js';
import type { PlanInput } from '../../src/plan/input.js';
import { planStep } from '../../src/plan/plan.js';
import { preparePlan } from '../../src/plan/prepare.js';
import { anyRun, excluding, virtualRun } from './input.js';

const occurrences = (run: PlanInput, epoch: number, worldSize: number): Map<string, Occurrence[]> => {
  const found = new Map<string, Occurrence[]>();
  for (let step = 0; step < preparePlan(run).stepsPerEpoch; step++) {
    for (const [slot, { source, index, pass }] of planStep(run, epoch, step).entries()) {
      const name = `${source}/${index}`;
      const rank = Math.floor(slot / (run.global_batch / worldSize));
      found.set(name, [...(found.get(name) ?? []), { step, slot, rank, pass }]);
    }
  }
  return found;
};
const sorted = (found: Iterable<Occurrence>) => [...found].sort((a, b) => a.step - b.step || a.slot - b.slot);

test('every sample is found exactly where the steps hold it', () => {
  const runs = [
    virtualRun([70, 3, 41], { global_batch: 6 }),
    virtualRun([70, 3, 41], { global_batch: 6, sample_t: 1 }),
    virtualRun([70, 3, 41], { global_batch: 6, sampling: 'iid', sample_t: 0.5 }),
    virtualRun([70, 3, 42], { global_batch: 6, split: 'val' }),
  ];
  for (const run of [...runs, ...runs.map((run) => excluding(run))]) {
    const expected = occurrences(run, 2, 3);
    for (const [source, { count }] of run.sources.entries()) {
      for (let index = 0; index < count; index++) {
        assert.deepEqual(sorted(findSample(run, 2, source, index, 3)), expected.get(`${source}/${index}`) ?? []);
      }
    }
  }
});

test('a sample of 10^9 is found without a look at any, and its step holds it', () => {
  const run = virtualRun([900_000_000, 99_000_000, 1_000_000], { global_batch: 960, sample_t: 0.5 });
  const unread = run.sources.map((source) => ({ ...source, key: () => assert.fail('a key was asked for') }));
  const [found] = findSample({ ...run, sources: unread }, 6, 1, 77_777_777, 40);
  const sample = planStep(run, 6, found!.step)[found!.slot]!;
  assert.equal(sample.source, 1);
  assert.equal(sample.index, 77_777_777);
  assert.equal(found!.rank, Math.floor(found!.slot / 24));
});

test('a sample that is not there is refused', () => {
  for (const [source, index] of [
    [0, 70],
    [0, -1],
    [3, 0],
    [0, 1.5],
  ] as const) {
    assert.throws(
      () => findSample(virtualRun([70, 3, 41]), 0, source, index),
      (error) => error instanceof TributaryError && error.reason === 'ARGUMENT_INVALID',
    );
  }
});

test('the realised mixture is what the steps hold', () => {
  const splits = fc.constantFrom({}, { sampling: 'iid' } as const, { split: 'val' } as const);
  fc.assert(
    fc.property(anyRun, splits, fc.nat(), fc.nat(), (given, changes, a, b) => {
      const run: PlanInput = { ...given, ...changes };
      const steps = Math.min(preparePlan(run).stepsPerEpoch, 60);
      const first = a % steps;
      const end = first + 1 + (b % (steps - first));
      const counts = run.sources.map(() => 0);
      let samples = 0;
      for (let step = first; step < end; step++) {
        for (const { source } of planStep(run, 1, step)) {
          counts[source]!++;
          samples++;
        }
      }
      const mixture = realisedMixture(run, 1, first, end);
      assert.deepEqual(
        mixture.map(({ count }) => count),
        counts,
      );
      assert.deepEqual(
        mixture.map(({ share }) => share),
        counts.map((count) => count / samples),
      );
      assert.ok(Math.abs(mixture.reduce((sum, { expected }) => sum + expected, 0) - 1) < 1e-9);
    }),
    { numRuns: 120 },
  );
});
