import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedResolution, realisedResolutions, resolutionAt, viewsAt } from '../../src/plan/resolution-at.js';
import { defaultLimits } from '../../src/run/limits.js';
import type { Run } from '../../src/run/run.js';
import { readRun } from '../../src/run/run-schema.js';
import { viewsOf } from '../../src/run/views.js';

const read = (more: object): Run =>
  readRun('r', { recipe: 'dinov3_vitl', sources: ['a'], global_batch: 4, ...more }, ['a'], defaultLimits, []).data!;
const run = read({
  seed: 65537,
  resolutions: [
    { global_size: 512, weight: 6 },
    { global_size: 768, weight: 3 },
    { global_size: 768, local_size: 336 },
  ],
});
const steps = Array.from({ length: 2000 }, (_, step) => step);
const of = (who: Run, epoch: number) => steps.map((step) => resolutionAt(who, { epoch, step })).join('');

test('a step’s resolution follows from the seed, the epoch and the step, and from nothing else', () => {
  assert.equal(of(run, 0), of({ ...run, name: 'other', global_batch: 64 }, 0));
  assert.equal(new Set([of(run, 0), of(run, 1), of({ ...run, seed: 1 }, 0)]).size, 3);
  // Written down: it decides bytes.
  assert.equal(of(run, 3).slice(0, 40), '0110212001111110100000000100201121000210');
  // Weights in another unit are the same weights.
  const scaled = run.resolutions.map((each) => ({ ...each, weight: each.weight / 10 }));
  assert.equal(of({ ...run, resolutions: scaled }, 0), of(run, 0));
});

test('resolutions come as often as their weights say, whatever came before', () => {
  const rows = realisedResolutions(run, 0, 0, 20_000);
  assert.deepEqual(
    rows.map(({ resolution, global_size, local_size, expected }) => [resolution, global_size, local_size, expected]),
    [
      [0, 512, 96, 0.6],
      [1, 768, 96, 0.3],
      [2, 768, 336, 0.1],
    ],
  );
  // Five standard deviations.
  for (const { share, expected } of rows)
    assert.ok(Math.abs(share - expected) < 5 * Math.sqrt((expected * (1 - expected)) / 20_000), `${share} ${expected}`);
  assert.equal(
    rows.reduce((sum, row) => sum + row.steps, 0),
    20_000,
  );
  const after = [0, 1, 2].map((first) => {
    const next = steps.filter((step) => step > 0 && resolutionAt(run, { epoch: 0, step: step - 1 }) === first);
    return next.filter((step) => resolutionAt(run, { epoch: 0, step }) === 0).length / next.length;
  });
  for (const share of after) assert.ok(Math.abs(share - 0.6) < 0.2, `${after}`);
});

test('the groups of a step have its sizes; a run without resolutions, and one that evaluates, has its own', () => {
  const step = steps.find((at) => resolutionAt(run, { epoch: 0, step: at }) === 2)!;
  assert.deepEqual(
    viewsAt(run, { epoch: 0, step }).map(({ size }) => size),
    [768, 336],
  );
  assert.deepEqual(namedResolution(run, { epoch: 0, step }), { resolution: 2, global_size: 768, local_size: 336 });
  for (const one of [read({}), { ...run, evaluate: true }]) {
    assert.equal(resolutionAt(one, { epoch: 0, step }), null);
    assert.deepEqual(viewsAt(one, { epoch: 0, step }), viewsOf(one));
    assert.deepEqual([namedResolution(one, { epoch: 0, step }), realisedResolutions(one, 0, 0, 9)], [null, []]);
  }
});
