import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planStep } from '../../src/plan/plan.js';
import { epochOf, virtualRun } from './input.js';

test('iid draws sources by their shares and samples evenly, with replacement, a function of the address', () => {
  const run = virtualRun([50, 200, 1000], { sample_t: 0.5, global_batch: 125, sampling: 'iid' });
  const samples = Array.from({ length: 100 }, (_, epoch) => epochOf(run, epoch)).flat();
  const weights = [50, 200, 1000].map(Math.sqrt);
  const total = weights.reduce((a, b) => a + b);
  for (const [source, weight] of weights.entries()) {
    const expected = (samples.length * weight) / total;
    const count = samples.filter((sample) => sample.source === source).length;
    assert.ok(Math.abs(count - expected) < 4 * Math.sqrt(expected), `source ${source}: ${count} of ${expected}`);
  }
  const first = new Array<number>(50).fill(0);
  for (const { source, index } of samples) if (source === 0) first[index]!++;
  const mean = first.reduce((a, b) => a + b) / 50;
  const statistic = first.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  assert.ok(Math.abs(statistic - 49) < 4 * Math.sqrt(98), `${statistic}`);
  assert.deepEqual(planStep({ ...run }, 5, 7), planStep(run, 5, 7));
  const composition = (step: number) => planStep(run, 0, step).filter(({ source }) => source === 2).length;
  assert.ok(new Set([0, 1, 2, 3, 4, 5].map(composition)).size > 1);
});
