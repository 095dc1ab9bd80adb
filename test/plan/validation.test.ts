import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planShare, planStep } from '../../src/plan/plan.js';
import { preparePlan } from '../../src/plan/prepare.js';
import { epochOf, identity, virtualRun } from './input.js';

test('validation has every sample once, in order, with a short last batch and equal steps for all ranks', () => {
  const run = virtualRun([7, 1, 14], { split: 'val', global_batch: 8, sample_t: 1 });
  assert.equal(preparePlan(run).stepsPerEpoch, 3);
  assert.equal(preparePlan(run).samplesPerEpoch, 22);
  const expected = [7, 1, 14].flatMap((count, source) =>
    Array.from({ length: count }, (_, index) => `${source}/${index}`),
  );
  assert.deepEqual(epochOf(run, 0).map(identity), expected);
  assert.deepEqual(epochOf(run, 9).map(identity), expected);
  assert.deepEqual(
    [0, 1, 2].map((step) => planStep(run, 0, step).length),
    [8, 8, 6],
  );
  const lengths = [0, 1, 2, 3].map((rank) => planShare(run, { epoch: 0, step: 2, rank, worldSize: 4 }).length);
  assert.deepEqual(lengths, [2, 2, 2, 0]);
  for (const worldSize of [1, 2, 4, 8]) {
    const shares = Array.from({ length: worldSize }, (_, rank) =>
      planShare(run, { epoch: 0, step: 2, rank, worldSize }),
    );
    assert.deepEqual(shares.flat(), planStep(run, 0, 2));
  }
});
