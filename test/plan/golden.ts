import type { PlanInput } from '../../src/plan/input.js';
import { planStep } from '../../src/plan/plan.js';
import { preparePlan } from '../../src/plan/prepare.js';
import { sevenCounts, virtualRun } from './input.js';

/** A run with what some of its steps hold; `[source, position, pass, index, seed]` for each slot. Keys are `<name>/<index>.jpg`. */
export interface GoldenRun {
  readonly run: Omit<PlanInput, 'sources'> & { readonly sources: readonly { name: string; count: number }[] };
  readonly steps_per_epoch: number;
  readonly steps: readonly { epoch: number; step: number; samples: readonly (readonly number[])[] }[];
}

const runs: readonly (readonly [PlanInput, readonly (readonly [epoch: number, step: number])[]])[] = [
  [
    virtualRun([10, 3, 5], { global_batch: 6 }),
    [
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
    ],
  ],
  [
    virtualRun(sevenCounts, { global_batch: 32, seed: 0 }),
    [
      [0, 0],
      [0, 5000],
      [299, 9818],
    ],
  ],
  [
    virtualRun(sevenCounts, { global_batch: 32, sample_t: 0.5, seed: 2 ** 53 - 1 }),
    [
      [7, 123],
      [7, 9818],
    ],
  ],
  [virtualRun(sevenCounts, { global_batch: 32, sample_t: 1 }), [[0, 9818]]],
  [
    virtualRun([100, 100, 100], { global_batch: 10, weights: { a: 0.3, b: 0.25, c: 0.45 } }),
    [
      [0, 0],
      [0, 29],
    ],
  ],
  [virtualRun([5000, 7, 5000], { global_batch: 10 }), [[3, 999]]],
  [
    virtualRun([600_000_000_000, 400_000_000_000, 9_007_199], { global_batch: 16, sample_t: 0.5 }),
    [[1, 62_500_000_000]],
  ],
  [
    virtualRun([40, 10], { global_batch: 10, sampling: 'iid', sample_t: 0.5 }),
    [
      [0, 0],
      [0, 4],
      [2, 1],
    ],
  ],
  [
    virtualRun([7, 1, 5], { global_batch: 8, split: 'val' }),
    [
      [0, 0],
      [0, 1],
    ],
  ],
];

/** What the plan says today of the runs above. */
export function makeGolden(): GoldenRun[] {
  return runs.map(([run, steps]) => ({
    run: { ...run, sources: run.sources.map(({ name, count }) => ({ name, count })) },
    steps_per_epoch: preparePlan(run).stepsPerEpoch,
    steps: steps.map(([epoch, step]) => ({
      epoch,
      step,
      samples: planStep(run, epoch, step).map((s) => [s.source, s.position, s.pass, s.index, s.seed]),
    })),
  }));
}

/** One slot a line, so that a difference can be read. */
export function goldenText(golden: readonly GoldenRun[]): string {
  return `${JSON.stringify(golden, null, 1).replace(/\[\s+(\d[\d,\s]*?)\s+\]/g, (_, row: string) => `[${row.replace(/\s+/g, ' ')}]`)}\n`;
}
