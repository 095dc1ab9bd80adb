import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanInput } from '../../src/plan/input.js';
import { rankSlots } from '../../src/plan/order.js';
import { epochOf, virtualRun } from './input.js';

test('epochs, seeds, steps and source names each give another order', () => {
  const run = virtualRun([1000], { global_batch: 100 });
  const order = (input: PlanInput, epoch: number) =>
    epochOf(input, epoch)
      .map(({ index }) => index)
      .join();
  const renamed = { ...run, sources: [{ ...run.sources[0]!, name: 'z' }] };
  const orders = [order(run, 0), order(run, 1), order({ ...run, seed: 43 }, 0), order(renamed, 0)];
  assert.equal(new Set(orders).size, 4);
  assert.equal(order({ ...run }, 0), orders[0]);
});

test('slots of a source spread evenly over a batch and its ranks', () => {
  const run = virtualRun([9000, 1000], { global_batch: 100 });
  const counts = new Array<number>(10).fill(0);
  for (let epoch = 0; epoch < 20; epoch++) {
    for (const [at, { source }] of epochOf(run, epoch).entries())
      if (source === 1) counts[Math.floor((at % 100) / 10)]!++;
  }
  const statistic = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  // Nine degrees of freedom: more than 33.7 comes up once in 10,000 keys.
  assert.ok(statistic < 33.7, `${statistic}`);
});

test('ranks take contiguous slots of one size, and what a short last batch leaves of them', () => {
  const shares = (size: number) => [0, 1, 2, 3].map((rank) => rankSlots(12, size, rank, 4));
  assert.deepEqual(shares(12), [
    [0, 3],
    [3, 6],
    [6, 9],
    [9, 12],
  ]);
  assert.deepEqual(shares(4), [
    [0, 3],
    [3, 4],
    [4, 4],
    [4, 4],
  ]);
});

test('each pass of an over-sampled source has an order of its own', () => {
  const run = virtualRun([50, 950], { sample_t: 1, global_batch: 100 });
  const walk = epochOf(run, 0)
    .filter(({ source }) => source === 0)
    .sort((a, b) => a.position - b.position)
    .map(({ index }) => index);
  const passes = Array.from({ length: 10 }, (_, pass) => walk.slice(50 * pass, 50 * pass + 50).join());
  assert.equal(new Set(passes).size, 10);
});
