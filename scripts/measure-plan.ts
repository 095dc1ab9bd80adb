// Measures the plan of a virtual run over 10^9 samples: `npx tsc && node --expose-gc dist/scripts/measure-plan.js`.
import { findSample } from '../src/plan/find-sample.js';
import type { PlanInput } from '../src/plan/input.js';
import { planStep } from '../src/plan/plan.js';
import { preparePlan } from '../src/plan/prepare.js';

const counts = [500_000_000, 300_000_000, 100_000_000, 90_000_000, 9_000_000, 900_000, 100_000];
const run: PlanInput = {
  seed: 42,
  global_batch: 256,
  sample_t: 0.5,
  weights: null,
  sampling: 'exact',
  split: 'train',
  sources: counts.map((count, i) => ({ name: `source${i}`, count, key: (index) => `train/${index}.jpg` })),
};

function measure(what: string, times: number, act: (i: number) => void): void {
  for (let i = 0; i < times / 4; i++) act(i);
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const taken = new Float64Array(times);
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    act(i);
    taken[i] = performance.now() - began;
  }
  globalThis.gc?.();
  const grown = (process.memoryUsage().heapUsed - heap) / 1024;
  taken.sort();
  const [median, p99] = [0.5, 0.99].map((part) => taken[Math.floor(part * times)]!.toFixed(3));
  console.log(`${what}: median ${median} ms, 99 % within ${p99} ms, heap ${grown.toFixed(0)} KiB more after ${times}`);
}

const steps = preparePlan(run).stepsPerEpoch;
const stepAt = (i: number) => (i * 7_919_317) % steps;
measure('planStep, exact, G = 256', 20_000, (i) => planStep(run, 1, stepAt(i)));
const iid: PlanInput = { ...run, sampling: 'iid' };
measure('planStep, iid, G = 256', 20_000, (i) => planStep(iid, 1, stepAt(i)));
measure('findSample, first occurrence', 5_000, (i) => findSample(run, 1, 0, i).next());
