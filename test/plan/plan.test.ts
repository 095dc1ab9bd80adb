import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TributaryError } from '../../src/errors.js';
import { sampleSeed } from '../../src/plan/hash.js';
import type { PlannedSample } from '../../src/plan/input.js';
import { planShare, planStep, successor } from '../../src/plan/plan.js';
import { preparePlan } from '../../src/plan/prepare.js';
import { anyRun, epochOf, excluding, identity, sevenCounts, virtualRun } from './input.js';

const refusal = (reason: string, text: RegExp) => (error: unknown) =>
  error instanceof TributaryError && error.reason === reason && text.test(error.message);

test('the ranks of every world size share the same global batches', () => {
  const run = virtualRun(sevenCounts, { global_batch: 960, sample_t: 0.5 });
  for (const step of [0, 1, 130, preparePlan(run).stepsPerEpoch - 1]) {
    const whole = planStep(run, 4, step);
    assert.equal(whole.length, 960);
    for (const worldSize of [1, 8, 15, 16, 20, 24, 30, 40, 60, 120, 960]) {
      const shares = Array.from({ length: worldSize }, (_, rank) =>
        planShare(run, { epoch: 4, step, rank, worldSize }),
      );
      assert.ok(shares.every(({ length }) => length === 960 / worldSize));
      assert.deepEqual(shares.flat(), whole);
    }
  }
});

test('a run goes on with other world sizes from any step as if nothing had happened', () => {
  const run = virtualRun([400, 300, 68], { global_batch: 24 });
  const undisturbed = epochOf(run, 0);
  const worlds = [8, 2, 8, 24, 1, 3, 12];
  for (let first = 0; first <= preparePlan(run).stepsPerEpoch; first++) {
    const resumed = undisturbed.slice(0, 24 * first);
    for (let step = first; step < preparePlan(run).stepsPerEpoch; step++) {
      const worldSize = worlds[(first + step) % worlds.length]!;
      for (let rank = 0; rank < worldSize; rank++) resumed.push(...planShare(run, { epoch: 0, step, rank, worldSize }));
    }
    assert.deepEqual(resumed, undisturbed);
  }
});

test('ranks are disjoint and complete, and no sample comes twice in an epoch at t = 0', () => {
  for (const counts of [[1], [4], [7, 1, 3], [500, 1, 300, 199], [64, 64], [...sevenCounts.slice(3)]]) {
    for (const globalBatch of [1, 4, 10]) {
      const total = counts.reduce((a, b) => a + b);
      if (globalBatch > total) continue;
      const run = virtualRun(counts, { global_batch: globalBatch });
      const samples = epochOf(run, 2);
      assert.equal(samples.length, total - (total % globalBatch));
      assert.equal(samples.length, preparePlan(run).samplesPerEpoch);
      assert.equal(new Set(samples.map(identity)).size, samples.length);
      assert.ok(samples.every(({ pass }) => pass === 0));
    }
  }
});

test('any run gives whole batches of samples that exist, and walks a source wholly before any comes again', () => {
  fc.assert(
    fc.property(anyRun, fc.nat(50), (run, epoch) => {
      const walks = run.sources.map(() => [] as PlannedSample[]);
      for (let step = 0; step < Math.min(preparePlan(run).stepsPerEpoch, 40); step++) {
        const batch = planStep(run, epoch, step);
        assert.equal(batch.length, run.global_batch);
        for (const sample of batch) walks[sample.source]!.push(sample);
      }
      for (const [source, walk] of walks.entries()) {
        const { count } = run.sources[source]!;
        walk.sort((a, b) => a.position - b.position);
        assert.deepEqual(
          walk.map(({ position }) => position),
          walk.map((_, i) => i),
        );
        for (let first = 0; first < walk.length; first += count) {
          const pass = walk.slice(first, first + count);
          assert.equal(new Set(pass.map(({ index }) => index)).size, pass.length);
          assert.ok(pass.every((sample) => sample.pass === first / count && sample.index < count));
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('seeds come from identity alone', () => {
  const run = virtualRun([40, 30, 200], { sample_t: 1, global_batch: 10, seed: 2 ** 53 - 1 });
  const samples = epochOf(run, 3);
  for (const { source, index, pass, seed } of samples) {
    const { name, key } = run.sources[source]!;
    assert.equal(seed, sampleSeed(2 ** 53 - 1, 3, name, key(index), pass));
  }
  assert.ok(samples.some(({ pass }) => pass > 1));

  const other = virtualRun([40, 30, 200], { global_batch: 30, seed: 2 ** 53 - 1 });
  const seeds = new Map(samples.filter(({ pass }) => pass === 0).map((sample) => [identity(sample), sample.seed]));
  const common = epochOf(other, 3).filter((sample) => seeds.has(identity(sample)));
  assert.ok(common.length > 100);
  for (const sample of common) assert.equal(sample.seed, seeds.get(identity(sample)));
});

test('repeats within an epoch have other seeds, under exact and under iid', () => {
  for (const sampling of ['exact', 'iid'] as const) {
    const samples = epochOf(virtualRun([3, 997], { sample_t: 1, global_batch: 50, sampling }), 0);
    const seeds = new Map<string, Set<number>>();
    for (const sample of samples)
      seeds.set(identity(sample), (seeds.get(identity(sample)) ?? new Set()).add(sample.seed));
    const times = samples.filter(({ source, index }) => source === 0 && index === 1).length;
    assert.ok(times > 100);
    assert.equal(seeds.get('0/1')!.size, times);
  }
});

test('substitutes are the other samples of the source, each once, with their own seeds', () => {
  const runs = [
    virtualRun([5, 40], { sample_t: 1 }),
    virtualRun([5, 40], { sample_t: 1, sampling: 'iid' }),
    virtualRun([5, 40], { split: 'val' }),
  ];
  for (const run of runs) {
    for (const sample of [...planStep(run, 1, 0), ...planStep(run, 1, 3)]) {
      const { name, count, key } = run.sources[sample.source]!;
      const substitutes = Array.from({ length: count - 1 }, (_, i) => successor(run, 1, sample, i + 1));
      assert.equal(new Set([sample, ...substitutes].map(({ index }) => index)).size, count);
      for (const { source, index, pass, seed } of substitutes) {
        assert.equal(source, sample.source);
        assert.equal(seed, sampleSeed(run.seed, 1, name, key(index), pass));
      }
      assert.deepEqual(successor(run, 1, sample, count).index, sample.index);
    }
  }
});

test('the first substitute is the next of the walk', () => {
  const run = virtualRun([60, 40], { global_batch: 20 });
  const walk = epochOf(run, 0)
    .filter(({ source }) => source === 0)
    .sort((a, b) => a.position - b.position);
  for (let i = 0; i + 1 < walk.length; i++) assert.deepEqual(successor(run, 0, walk[i]!, 1), walk[i + 1]);
});

test('steps, epochs, ranks and world sizes that are not there are refused', () => {
  const run = virtualRun([100, 20], { global_batch: 12 });
  assert.throws(() => planStep(run, 0, 10), refusal('STEP_OUT_OF_RANGE', /from 0 to 9, but got 10/));
  for (const step of [-1, 0.5, Number.NaN, 1e300])
    assert.throws(() => planStep(run, 0, step), refusal('STEP_OUT_OF_RANGE', /./));
  assert.throws(() => planStep(run, 5, 0, 5), refusal('EPOCH_OUT_OF_RANGE', /from 0 to 4, but got 5/));
  assert.throws(() => planStep(run, -1, 0), refusal('EPOCH_OUT_OF_RANGE', /./));
  const share = (rank: number, worldSize: number) => () => planShare(run, { epoch: 0, step: 0, rank, worldSize });
  assert.throws(
    share(0, 5),
    refusal('WORLD_SIZE_INVALID', /divides the global batch of 12, but got 5. Use a world size of 4 or 6/),
  );
  assert.throws(share(0, 13), refusal('WORLD_SIZE_INVALID', /Use a world size of 12,/));
  assert.throws(share(0, 0), refusal('WORLD_SIZE_INVALID', /Use a world size of 1,/));
  assert.throws(share(0, 2.5), refusal('WORLD_SIZE_INVALID', /Use a world size of 2 or 3/));
  assert.throws(share(4, 4), refusal('RANK_INVALID', /from 0 to 3, but got 4/));
  assert.throws(share(-1, 4), refusal('RANK_INVALID', /./));
  assert.throws(share(0, Number.NaN), refusal('WORLD_SIZE_INVALID', /Use a world size of 1,/));
});

test('a step of 10^9 samples is planned from its own keys alone, wherever in the epoch', () => {
  let asked = 0;
  const counts = [500_000_000, 300_000_000, 100_000_000, 90_000_000, 9_000_000, 900_000, 100_000];
  const virtual = virtualRun(counts, { global_batch: 256, sample_t: 0.5 });
  const sources = virtual.sources.map(({ name, count }) => ({
    name,
    count,
    key: (index: number) => {
      asked++;
      return `train/${index}.jpg`;
    },
  }));
  for (const sampling of ['exact', 'iid'] as const) {
    const run = { ...virtual, sources, sampling };
    const steps = preparePlan(run).stepsPerEpoch;
    for (const step of [0, Math.floor(steps / 2), steps - 1]) {
      asked = 0;
      planStep(run, 1, step);
      assert.equal(asked, 256);
    }
  }
});

test('excluding samples changes their own slots and no other, in every epoch', () => {
  fc.assert(
    fc.property(anyRun, fc.constantFrom('exact', 'iid'), fc.constantFrom('train', 'val'), (any, sampling, split) => {
      const run = { ...any, sampling, split } as const;
      const without = excluding(run);
      for (const epoch of [0, 3]) {
        const [before, after] = [epochOf(run, epoch), epochOf(without, epoch)];
        for (const [i, sample] of before.entries()) {
          const { excluded } = without.sources[sample.source]!;
          assert.ok(!excluded!.has(after[i]!.index));
          if (!excluded!.has(sample.index)) assert.deepEqual(after[i], sample);
          else assert.equal(after[i]!.source, sample.source);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('an excluded sample stands in for nothing, and what stands in for it is the next of the walk', () => {
  const run = virtualRun([40], { global_batch: 10 });
  const walk = epochOf(run, 0).toSorted((a, b) => a.position - b.position);
  const [first, second, third] = walk as [PlannedSample, PlannedSample, PlannedSample];
  const without = { ...run, sources: [{ ...run.sources[0]!, excluded: new Set([second.index]) }] };
  assert.deepEqual(successor(without, 0, first, 1), third);
  const slot = epochOf(run, 0).findIndex(({ index }) => index === second.index);
  assert.deepEqual(epochOf(without, 0)[slot], third);
});
