import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RunSelector } from '../../protos/generated/tributary/v1/RunSelector.js';
import { contract } from '../../src/contract/contract.js';
import type { TributaryError } from '../../src/errors.js';
import { parseConfig } from '../../src/run/config.js';
import { OpenRuns } from '../../src/runs/open-runs.js';
import { indexSource } from '../../src/sources/index-source.js';
import { temporaryFolder, writeTree } from '../sources/tree.js';

async function opened(t: TestContext): Promise<{ runs: OpenRuns; opens: () => number; fail(times: number): void }> {
  const folder = await temporaryFolder(t);
  await writeTree(folder, { 'a/1.jpg': 10, 'a/2.jpg': 10 });
  const text = 'sources: {a: a}\nruns: {r: {recipe: dinov3, sources: [a], global_batch: 1, epochs: 1}}';
  let opens = 0;
  let failing = 0;
  const runs = new OpenRuns(parseConfig(text, { folder, name: 'test' }), async ({ name, path }, split) => {
    opens++;
    if (failing-- > 0) throw new Error('not now');
    return (await indexSource({ name, path, split, indexFolder: join(folder, 'index') })).manifest;
  });
  return { runs, opens: () => opens, fail: (times) => (failing = times) };
}

const inline = (seed: number) =>
  ({ inlineRun: `{recipe: dinov3, sources: [a], global_batch: 2, seed: ${seed}}` }) as const;

test('a run and a manifest are opened once, and a failure is not kept', async (t) => {
  const { runs, opens, fail } = await opened(t);
  fail(1);
  await assert.rejects(runs.open({ name: 'r' }), /not now/);
  const run = await runs.open({ name: 'r' });
  assert.deepEqual(await runs.openAll(), [run]);
  const other = await runs.open(inline(1));
  assert.equal(other.manifests[0], run.manifests[0]);
  assert.equal(opens(), 2);
  assert.notEqual(other.fingerprint, run.fingerprint);
});

test('the last 32 inline runs stay open', async (t) => {
  const { runs } = await opened(t);
  const first = await runs.open(inline(0));
  for (let seed = 1; seed < 32; seed++) await runs.open(inline(seed));
  assert.equal(await runs.open(inline(0)), first);
  for (let seed = 32; seed < 63; seed++) await runs.open(inline(seed));
  assert.equal(await runs.open(inline(0)), first);
  for (let seed = 63; seed < 95; seed++) await runs.open(inline(seed));
  assert.notEqual(await runs.open(inline(0)), first);
});

test('a request over the wire selects a run by name or carries one, or is refused', async (t) => {
  const { runs } = await opened(t);
  const { DescribeRunRequest } = contract.tributary.v1;
  const overTheWire = (run: RunSelector | null) =>
    runs.open(DescribeRunRequest.deserialize(DescribeRunRequest.serialize({ run })).run);
  assert.equal(await overTheWire({ name: 'r' }), await runs.open({ name: 'r' }));
  assert.equal(await overTheWire(inline(1)), await runs.open(inline(1)));
  await assert.rejects(overTheWire({ name: '' }), ({ reason }: TributaryError) => reason === 'UNKNOWN_RUN');
  await assert.rejects(overTheWire({ inlineRun: '' }), ({ reason }: TributaryError) => reason === 'CONFIG_INVALID');
  for (const nothing of [null, {}])
    await assert.rejects(overTheWire(nothing), /names a run or carries one, but got neither/);
});
