import fc from 'fast-check';
import type { PlanInput, PlannedSample, PlannedSource } from '../../src/plan/input.js';
import { planStep } from '../../src/plan/plan.js';
import { preparePlan } from '../../src/plan/prepare.js';

/** A source without files, whose keys are its name and the index. */
export function virtualSource(name: string, count: number): PlannedSource {
  return { name, count, key: (index) => `${name}/${index}.jpg` };
}

/** A training run over virtual sources a, b, c, ... of these sizes. */
export function virtualRun(counts: readonly number[], changes: Partial<PlanInput> = {}): PlanInput {
  return {
    seed: 42,
    global_batch: 8,
    sample_t: 0,
    weights: null,
    sampling: 'exact',
    split: 'train',
    sources: counts.map((count, i) => virtualSource(String.fromCharCode(97 + i), count)),
    ...changes,
  };
}

/** A run without every n-th sample of its sources, and without a row of them. */
export function excluding(run: PlanInput, n = 7): PlanInput {
  const sources = run.sources.map((source) => ({
    ...source,
    excluded: new Set(
      Array.from({ length: source.count }, (_, i) => i).filter((i) => i % n === 1 || (i > 20 && i < 30)),
    ),
  }));
  return { ...run, sources };
}

/** Sizes in the proportions of a run over seven sources, from hundreds of thousands down to hundreds. */
export const sevenCounts = [128_117, 118_287, 10_000, 50_000, 7_349, 400, 90] as const;

/** Runs of one to eight sources, rare ones among them, at all ways of mixing. */
export const anyRun: fc.Arbitrary<PlanInput> = fc
  .record({
    counts: fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 400 })), {
      minLength: 1,
      maxLength: 8,
    }),
    seed: fc.maxSafeNat(),
    batch: fc.integer({ min: 1, max: 64 }),
    sampleT: fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    weights: fc.option(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 8, maxLength: 8 }), { nil: null }),
  })
  .map(({ counts, seed, batch, sampleT, weights }) => {
    const total = counts.reduce((a, b) => a + b);
    const run = virtualRun(counts, { seed, sample_t: sampleT, global_batch: Math.min(batch, total) });
    if (weights === null) return run;
    return { ...run, weights: Object.fromEntries(run.sources.map(({ name }, i) => [name, weights[i]! / 10])) };
  });

/** The samples of an epoch from a step on, in their order. */
export const epochOf = (run: PlanInput, epoch: number, first = 0): PlannedSample[] =>
  Array.from({ length: preparePlan(run).stepsPerEpoch - first }, (_, i) => planStep(run, epoch, first + i)).flat();

/** A sample as text. */
export const identity = ({ source, index }: PlannedSample) => `${source}/${index}`;
