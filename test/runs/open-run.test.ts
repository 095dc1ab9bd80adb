import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRun } from '../../src/runs/open-run.js';
import { smallRun } from '../batch/small-run.js';

test('a run and its manifests are a plan, its bounds and a fingerprint over both', async (t) => {
  const { run, manifests } = await smallRun(t);
  const open = openRun(run, manifests);
  const [manifest] = manifests;
  assert.deepEqual(
    open.plan.sources.map(({ name, count }) => [name, count]),
    [['images', manifest!.count]],
  );
  assert.equal(open.plan.sources[0]!.key(2), manifest!.key(2));
  assert.equal(open.samplesPerEpoch, open.stepsPerEpoch * run.global_batch);
  assert.deepEqual(open.bounds, { epochs: 2, stepsPerEpoch: open.stepsPerEpoch, globalBatch: 6 });
  const edited = openRun(run, [{ ...manifest!, fingerprint: '0'.repeat(64) }]);
  const other = openRun({ ...run, seed: 4 }, manifests);
  assert.equal(new Set([open, edited, other].map(({ fingerprint }) => fingerprint)).size, 3);
  assert.equal(openRun({ ...run, name: 'renamed' }, manifests).fingerprint, open.fingerprint);
});

test('the bound on corrupt samples is the run’s own', async (t) => {
  const { run, manifests } = await smallRun(t, { max_corrupt: 0 });
  const open = openRun(run, manifests);
  open.countSample(false);
  assert.throws(() => {
    for (let i = 0; i < 1000; i++) open.countSample(true);
  }, /corrupt/);
});
