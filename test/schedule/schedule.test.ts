import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { recipes } from '../../src/run/recipes.js';
import type { Training } from '../../src/run/run.js';
import { type EpochSchedule, epochSchedule } from '../../src/schedule/schedule.js';
import { refused } from '../run/fixture.js';

const dinov3 = recipes.find(({ name }) => name === 'dinov3')!.training;
const weightDecay = (of: Training, epoch: number): number => epochSchedule(of, epoch).weightDecay;
const training = (changed: Partial<Training>): Training => ({ ...dinov3, ...changed });

function near(actual: number, expected: number, message?: string): void {
  assert.ok(Math.abs(actual - expected) <= 1e-15, `${actual} is not ${expected}${message ? ` (${message})` : ''}`);
}

/** The settings of every epoch of a run, in order. */
function epochSchedules(training: Training): EpochSchedule[] {
  return Array.from({ length: training.epochs }, (_, epoch) => epochSchedule(training, epoch));
}

test("weight decay has upstream's values", () => {
  const expected: readonly [epochs: number, epoch: number, value: number][] = [
    [1, 0, 0.04],
    [2, 0, 0.04],
    [2, 1, 0.2],
    [3, 0, 0.04],
    [3, 1, 0.12],
    [3, 2, 0.2],
    [30, 1, 0.040468963427651231],
    [30, 15, 0.12433111268683339],
    [30, 29, 0.2],
    [114, 1, 0.040030915400435678],
    [114, 57, 0.1211120323814652],
    [114, 113, 0.2],
  ];
  for (const [epochs, epoch, value] of expected)
    near(weightDecay(training({ epochs }), epoch), value, `${epoch}/${epochs}`);
});

// Upstream's function as it stands (ultralytics/utils/torch_utils.py), called as callbacks/wd_schedule.py and the
// trainer's cos_lr call it, and the trainer's line without cos_lr.
const python = `
import json, math
def one_cycle(y1=0.0, y2=1.0, steps=100):
    return lambda x: max((1 - math.cos(x * math.pi / steps)) / 2, 0) * (y2 - y1) + y1
out = []
for E in list(range(1, 120)) + [300, 1000]:
    for start, end in [(0.04, 0.2), (0.2, 0.04), (0.02, 0.4)]:
        wd, lf = one_cycle(start, end, max(E - 1, 1)), one_cycle(1, 0.01, E)
        line = lambda x: max(1 - x / E, 0) * (1.0 - 0.01) + 0.01
        out.append([E, start, end, [wd(e) for e in range(E)], [lf(e) for e in range(E)], [line(e) for e in range(E)]])
print(json.dumps(out))
`;

test('every epoch of many lengths is what Python computes', () => {
  const text = execFileSync('/usr/bin/python3', ['-c', python], { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  const cases = JSON.parse(text) as [number, number, number, ...(readonly number[])[]][];
  assert.equal(cases.length, 363);
  for (const [epochs, weight_decay, wd_end, decays, factors, line] of cases) {
    const schedules = epochSchedules(training({ epochs, weight_decay, wd_end, lrf: 0.01 }));
    const lines = epochSchedules(training({ epochs, weight_decay, wd_end, lrf: 0.01, lr_schedule: 'linear' }));
    assert.equal(schedules.length, epochs);
    for (const [epoch, schedule] of schedules.entries()) {
      assert.equal(schedule.epoch, epoch);
      near(schedule.weightDecay, decays![epoch]!, `weight decay ${epoch}/${epochs}`);
      near(schedule.learningRateFactor, factors![epoch]!, `learning rate ${epoch}/${epochs}`);
      near(lines[epoch]!.learningRateFactor, line![epoch]!, `learning rate on a line ${epoch}/${epochs}`);
    }
  }
});

test('weight decay is constant where wd_end is null or 0', () => {
  for (const wd_end of [null, 0]) {
    for (const wd_schedule of ['cosine', 'linear'] as const) {
      const decays = epochSchedules(training({ wd_end, wd_schedule, epochs: 5 })).map(
        (schedule) => schedule.weightDecay,
      );
      assert.deepEqual(decays, Array(5).fill(0.04));
    }
  }
});

test('the line goes from weight_decay to wd_end, and each value is one that the ramp by iteration takes in its epoch', () => {
  assert.equal(weightDecay(training({ wd_schedule: 'linear', epochs: 1 }), 0), 0.04);
  near(weightDecay(training({ wd_schedule: 'linear', epochs: 3 }), 1), 0.12);
  near(weightDecay(training({ wd_schedule: 'linear', epochs: 5 }), 1), 0.08);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (epochs, start) => {
      const values = epochSchedules(training({ wd_schedule: 'linear', epochs, weight_decay: start, wd_end: 0.2 }));
      assert.equal(values[0]!.weightDecay, start);
      assert.equal(values.at(-1)!.weightDecay, 0.2);
      for (const { epoch, weightDecay: value } of values) {
        const ends = [epoch / epochs, (epoch + 1) / epochs].map((share) => start + (0.2 - start) * share);
        assert.ok(
          value >= Math.min(...ends) - 1e-15 && value <= Math.max(...ends) + 1e-15,
          `${epoch}/${epochs}: ${value}`,
        );
      }
    }),
  );
});

test('an epoch that the run does not have is refused', () => {
  for (const epoch of [-1, 114, 1e9, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    refused(() => epochSchedule(dinov3, epoch), 'EPOCH_OUT_OF_RANGE', /from 0 to 113/);
    refused(() => epochSchedule(training({ wd_end: null }), epoch), 'EPOCH_OUT_OF_RANGE');
  }
  refused(() => weightDecay(training({ epochs: 1 }), 1), 'EPOCH_OUT_OF_RANGE', /from 0 to 0, but got 1/);
});
