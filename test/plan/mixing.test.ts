import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countsBefore, prepareMixing, shares } from '../../src/plan/mixing.js';
import { preparePlan } from '../../src/plan/prepare.js';
import { anyRun, sevenCounts, virtualRun } from './input.js';

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

test('shares are N^(1 - t) over their sum, or the weights', () => {
  assert.deepEqual(shares(virtualRun([100, 300])), [0.25, 0.75]);
  assert.deepEqual(
    shares(virtualRun([100, 300, 50], { sample_t: 1 })).map((p) => p.toFixed(12)),
    Array(3).fill('0.333333333333'),
  );
  assert.deepEqual(shares(virtualRun([100, 900], { sample_t: 0.5 })), [0.25, 0.75]);
  assert.deepEqual(shares(virtualRun([100, 900], { weights: { a: 0.5, b: 1.5 } })), [0.25, 0.75]);
  const [a, b] = shares(virtualRun([100, 900], { sample_t: 0.25 }));
  assert.ok(Math.abs(b! / a! - 9 ** 0.75) < 1e-12);
});

test('where every source has a sample a step, counts are the plain closed form', () => {
  for (const [sampleT, globalBatch] of [
    [0, 2048],
    [0.5, 256],
    [1, 64],
  ] as const) {
    const run = virtualRun(sevenCounts.slice(0, 6), { sample_t: sampleT, global_batch: globalBatch });
    const weights = run.sources.map(({ count }) => count ** (1 - sampleT));
    const total = sum(weights);
    const mixing = prepareMixing(run);
    for (let k = 0; k <= preparePlan(run).stepsPerEpoch; k++) {
      let cumulative = 0;
      const boundaries = weights.map((weight) => {
        cumulative += weight;
        return cumulative === total ? globalBatch * k : Math.round((cumulative / total) * globalBatch * k);
      });
      const expected = boundaries.map((boundary, i) => boundary - (boundaries[i - 1] ?? 0));
      assert.deepEqual(countsBefore(mixing, globalBatch * k), expected, `t ${sampleT} step ${k}`);
    }
  }
});

test('a weight means the decimal number that it is written as', () => {
  const counts = (weights: Record<string, number>, samples: number) =>
    countsBefore(prepareMixing(virtualRun([1000, 1000], { weights, global_batch: 5 })), samples);
  // 0.3 of 5 is 1.5, which rounds up; as a binary fraction it would be a little less.
  assert.deepEqual(counts({ a: 0.3, b: 0.7 }, 5), [2, 3]);
  assert.deepEqual(counts({ a: 3, b: 7 }, 5), [2, 3]);
  assert.deepEqual(counts({ a: 3e-9, b: 7e-9 }, 5), [2, 3]);
  assert.deepEqual(counts({ a: 3e30, b: 7e30 }, 5), [2, 3]);
});

test('counts sum to the batches, never fall, and stay near the share', () => {
  fc.assert(
    fc.property(anyRun, (run) => {
      const mixing = prepareMixing(run);
      const parts = shares(run);
      let before = countsBefore(mixing, 0);
      assert.deepEqual(
        before,
        run.sources.map(() => 0),
      );
      for (let k = 1; k <= Math.min(preparePlan(run).stepsPerEpoch, 300); k++) {
        const samples = k * run.global_batch;
        const counts = countsBefore(mixing, samples);
        assert.equal(sum(counts), samples);
        for (const [i, count] of counts.entries()) {
          assert.ok(count >= before[i]!, `source ${i} falls from ${before[i]} to ${count} at step ${k}`);
          const plain = mixing.groups.some(({ first, end }) => first === i && end === i + 1);
          const bound = plain ? 1 : 1 + run.sources.length / 2;
          assert.ok(Math.abs(count - parts[i]! * samples) < bound + 1e-9, `source ${i} at step ${k}`);
        }
        before = counts;
      }
    }),
    { numRuns: 400 },
  );
});

test('at t = 0 no source gives more than it has', () => {
  fc.assert(
    fc.property(anyRun, (given) => {
      const run = { ...given, sample_t: 0, weights: null };
      const counts = countsBefore(prepareMixing(run), preparePlan(run).stepsPerEpoch * run.global_batch);
      for (const [i, count] of counts.entries()) assert.ok(count <= run.sources[i]!.count);
    }),
    { numRuns: 3000 },
  );
});

test('only rare sources and those that pay for them leave the plain form', () => {
  const groups = (counts: number[]) =>
    prepareMixing(virtualRun(counts, { global_batch: 10 })).groups.map(({ first, end }) => [first, end]);
  assert.deepEqual(groups([500, 300, 200]), [
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  assert.deepEqual(groups([1, 500, 499]), [
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  assert.deepEqual(groups([500, 499, 1]), [
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  assert.deepEqual(groups([500, 1, 300, 199]), [
    [0, 1],
    [1, 3],
    [3, 4],
  ]);
  assert.deepEqual(groups([500, 1, 1, 1]), [
    [0, 1],
    [1, 4],
  ]);
});

test('a rare source among others comes as often as its share says', () => {
  const run = virtualRun([5000, 7, 5000], { global_batch: 10 });
  const mixing = prepareMixing(run);
  for (let k = 0; k <= preparePlan(run).stepsPerEpoch; k++) {
    const count = countsBefore(mixing, 10 * k)[1]!;
    assert.ok(Math.abs(count - (7 / 10_007) * 10 * k) <= 0.51, `${count} before step ${k}`);
  }
});

test('counts are exact at sizes where products leave the floats', () => {
  const run = virtualRun([2 ** 51 + 1, 2 ** 51 - 3, 2 ** 50 + 7, 12_345], { global_batch: 960 });
  const mixing = prepareMixing(run);
  const steps = preparePlan(run).stepsPerEpoch;
  for (const k of [1, steps >> 1, steps - 1, steps]) {
    const samples = BigInt(k * 960);
    const total = BigInt(2 ** 51 + 1) + BigInt(2 ** 51 - 3) + BigInt(2 ** 50 + 7) + 12_345n;
    const boundary = (n: bigint) => (2n * n * samples + total) / (2n * total);
    const counts = countsBefore(mixing, k * 960);
    assert.equal(BigInt(counts[0]!), boundary(BigInt(2 ** 51 + 1)));
    assert.equal(BigInt(counts[0]!) + BigInt(counts[1]!), boundary(BigInt(2 ** 52 - 2)));
    assert.equal(
      counts.reduce((a, b) => a + BigInt(b), 0n),
      samples,
    );
  }
});
