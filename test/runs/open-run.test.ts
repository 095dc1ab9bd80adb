import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { planBatch } from '../../src/batch/plan-batch.js';
import { indexedRuns } from '../../src/cli/runs.js';
import { parseConfig } from '../../src/run/config.js';
import { runFingerprint } from '../../src/run/fingerprint.js';
import type { OpenRun } from '../../src/runs/open-run.js';
import { openRun } from '../../src/runs/open-run.js';
import { openOrIndexSource } from '../../src/sources/open-source.js';
import { smallRun } from '../batch/small-run.js';
import { temporaryFolder, writeTree } from '../sources/tree.js';

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

/** Two labelled sources and one without classes, with a validation split each, and runs over them. */
async function labelledRuns(t: TestContext, runs: Record<string, object>) {
  const folder = await temporaryFolder(t);
  const files = [
    'a/train/cat/1',
    'a/train/dog/1',
    'b/train/Zebra/1',
    'b/train/dog/1',
    'plain/1',
    'a/val/dog/1',
    'a/val/emu/1',
  ];
  await writeTree(folder, Object.fromEntries(files.map((name, i) => [`${name}.jpg`, 100 + i])));
  const least = { recipe: 'dinov3', global_batch: 1, epochs: 2 };
  const all = Object.fromEntries(Object.entries(runs).map(([name, run]) => [name, { ...least, ...run }]));
  const sources = { a: 'a', b: 'b', plain: { path: 'plain', layout: 'flat' } };
  const config = parseConfig(JSON.stringify({ sources, runs: all, index: join(folder, 'index') }), {
    folder,
    name: 'test',
  });
  return indexedRuns(config, openOrIndexSource);
}

/** What the slots of an epoch are labelled, by key. */
async function labelsOf(open: OpenRun): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (let step = 0; step < open.stepsPerEpoch; step++)
    for (const { source, key, label } of await planBatch(null, open, { epoch: 0, step, rank: 0, worldSize: 1 }, false))
      found[`${source}/${key}`] = label && `${label.index} ${label.name}`;
  return found;
}

test('labels of several sources are of one numbering, by name, and a sample without a class has none', async (t) => {
  const runs = await labelledRuns(t, { joined: { sources: ['b', 'a', 'plain'] } });
  const open = await runs.open({ name: 'joined' });
  assert.deepEqual(open.labels.classNames, ['Zebra', 'cat', 'dog']);
  assert.deepEqual(await labelsOf(open), {
    'a/train/cat/1.jpg': '1 cat',
    'a/train/dog/1.jpg': '2 dog',
    'b/train/Zebra/1.jpg': '0 Zebra',
    'b/train/dog/1.jpg': '2 dog',
    'plain/1.jpg': null,
  });
});

test('a fingerprint holds labels where they are not the sources’ own, and no other run’s changes', async (t) => {
  const two = { sources: ['a', 'b'] };
  const runs = await labelledRuns(t, { two, own: { ...two, labels: 'own' }, one: { sources: ['a', 'plain'] } });
  const open = (name: string) => runs.open({ name });
  const ofManifests = ({ run, manifests }: OpenRun) =>
    runFingerprint(
      run,
      manifests.map(({ source: name, fingerprint }) => ({ name, fingerprint })),
    );
  for (const name of ['own', 'one']) assert.equal((await open(name)).fingerprint, ofManifests(await open(name)));
  assert.notEqual((await open('two')).fingerprint, ofManifests(await open('two')));
  assert.deepEqual((await open('own')).labels.classNames, []);
  assert.equal((await labelsOf(await open('own')))['b/train/Zebra/1.jpg'], '0 Zebra');
  assert.equal((await labelsOf(await open('own')))['a/train/cat/1.jpg'], '0 cat');
});

test('the validation split of a run has the labels of its training, every sample once, and no end of epochs', async (t) => {
  const runs = await labelledRuns(t, { r: { sources: ['a'] }, v: { sources: ['a'], split: 'val' } });
  const [train, val, alone] = [
    await runs.open({ name: 'r' }),
    await runs.open({ name: 'r', split: 'val' }),
    await runs.open({ name: 'v' }),
  ];
  assert.deepEqual([val.run.split, val.run.evaluate, val.bounds.epochs], ['val', true, 2 ** 31 - 1]);
  // A run of its own numbers its split's folders, as ImageFolder does.
  assert.deepEqual(await labelsOf(alone), { 'a/val/dog/1.jpg': '0 dog', 'a/val/emu/1.jpg': '1 emu' });
  assert.deepEqual(await labelsOf(val), { 'a/val/dog/1.jpg': '1 dog', 'a/val/emu/1.jpg': '2 emu' });
  assert.deepEqual(val.labels.classNames.slice(0, 2), train.labels.classNames);
  const looked = await runs.open({ name: 'r', evaluate: true });
  assert.deepEqual([looked.run.split, looked.stepsPerEpoch], ['train', 2]);
  assert.deepEqual(Object.keys(await labelsOf(looked)), ['a/train/cat/1.jpg', 'a/train/dog/1.jpg']);
  assert.equal(new Set([train, val, alone, looked].map(({ fingerprint }) => fingerprint)).size, 4);
  assert.equal((await runs.open({ name: 'r', split: 'train' })).fingerprint, train.fingerprint);
  assert.equal((await runs.open({ name: 'v', split: 'train' })).run.evaluate, false);
  await assert.rejects(runs.open({ name: 'r', split: 'test' }), {
    reason: 'ARGUMENT_INVALID',
    message: /train or val/,
  });
});
