import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StreamBatchesRequest } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import { contract } from '../../src/contract/contract.js';
import type { TributaryError } from '../../src/errors.js';
import { parseConfig } from '../../src/run/config.js';
import { OpenRuns } from '../../src/runs/open-runs.js';
import { Gate } from '../../src/server/gate.js';
import { addresses, openAsked, resolveRequest, resolveSteps } from '../../src/server/resolve-request.js';
import { indexSource } from '../../src/sources/index-source.js';
import { refused } from '../run/fixture.js';
import { temporaryFolder, writeTree } from '../sources/tree.js';

const fingerprint = 'ab'.repeat(32);
const open = { fingerprint, bounds: { epochs: 3, stepsPerEpoch: 7, globalBatch: 8 } };
/** A request as it comes out of the wire. */
const resolved = (request: StreamBatchesRequest) => {
  const { StreamBatchesRequest: message } = contract.tributary.v1;
  return resolveRequest(open, message.deserialize(message.serialize(request)));
};

test('what a request leaves out has its default', () => {
  assert.deepEqual(resolved({}), {
    epoch: 0,
    firstStep: 0,
    stepCount: 7,
    stepStride: 1,
    rank: 0,
    worldSize: 1,
    form: { type: 'UINT8', axes: 'NHWC', order: 'VIEW_MAJOR' },
    chunkBytes: 1 << 20,
    withDrawn: false,
    withText: false,
    withProgress: false,
  });
});

test('a request says all of it', () => {
  const asked = {
    epoch: 2,
    firstStep: 1,
    stepCount: 2,
    stepStride: 5,
    rank: 3,
    worldSize: 4,
    chunkBytes: 100_000,
    withDrawn: true,
    withText: true,
    withProgress: true,
  };
  const form = { dataType: 'DATA_TYPE_BFLOAT16', layout: 'LAYOUT_NCHW', viewOrder: 'VIEW_ORDER_SAMPLE_MAJOR' } as const;
  assert.deepEqual(resolved({ ...asked, ...form }), {
    ...asked,
    form: { type: 'BFLOAT16', axes: 'NCHW', order: 'SAMPLE_MAJOR' },
  });
  assert.equal(resolved({ chunkBytes: 1 << 30 }).chunkBytes, (4 << 20) - (64 << 10));
  assert.equal(resolved({ chunkBytes: 1 }).chunkBytes, 64 << 10);
  assert.equal(resolved({ firstStep: 1, stepStride: 3 }).stepCount, 2);
  assert.equal(resolved({ firstStep: 6, stepStride: 100 }).stepCount, 1);
});

test('a cursor takes the place of epoch and step', () => {
  const cursor = `v1.${fingerprint.slice(0, 16)}.e1.s5`;
  const { epoch, firstStep, stepCount } = resolved({ cursor, epoch: 2, firstStep: 3 });
  assert.deepEqual([epoch, firstStep, stepCount], [1, 5, 2]);
  refused(() => resolved({ cursor: 'e1' }), 'CURSOR_INVALID');
  refused(() => resolved({ cursor: `v1.${'0'.repeat(16)}.e1.s5` }), 'FINGERPRINT_MISMATCH');
  refused(() => resolved({ cursor: `v1.${fingerprint.slice(0, 16)}.e3.s0` }), 'EPOCH_OUT_OF_RANGE');
});

test('what cannot be met is refused', () => {
  const range = { epoch: 0, firstStep: 0, stepCount: 0, stepStride: 0, rank: 0, worldSize: 0 };
  refused(() => resolveSteps(open, { ...range, epoch: 3 }), 'EPOCH_OUT_OF_RANGE', /from 0 to 2, but got 3/);
  refused(() => resolveSteps(open, { ...range, firstStep: 7 }), 'STEP_OUT_OF_RANGE', /from 0 to 6, but got 7/);
  refused(() => resolveSteps(open, { ...range, firstStep: 5, stepCount: 3 }), 'STEP_OUT_OF_RANGE', /but got 7/);
  refused(() => resolveSteps(open, { ...range, stepCount: 2, stepStride: 7 }), 'STEP_OUT_OF_RANGE', /but got 7/);
  refused(() => resolveSteps(open, { ...range, stepCount: 2 ** 53, stepStride: 2 ** 53 }), 'ARGUMENT_INVALID');
  refused(() => resolveSteps(open, { ...range, stepCount: -1 }), 'ARGUMENT_INVALID', /step_count/);
  refused(() => resolveSteps(open, { ...range, stepStride: -1 }), 'ARGUMENT_INVALID', /step_stride/);
  refused(() => resolveSteps(open, { ...range, worldSize: 3 }), 'WORLD_SIZE_INVALID', /2 or 4/);
  refused(() => resolveSteps(open, { ...range, rank: 1 }), 'RANK_INVALID');
  refused(() => resolved({ chunkBytes: -1 }), 'ARGUMENT_INVALID', /chunk_bytes/);
  refused(() => resolved({ dataType: 99 as never }), 'ARGUMENT_INVALID', /data_type .*, but got 99/);
  refused(() => resolved({ layout: -1 as never }), 'ARGUMENT_INVALID', /layout .*, but got -1/);
  const large = { ...open, bounds: { ...open.bounds, globalBatch: 1_300_000 } };
  refused(() => resolveSteps(large, range), 'TOO_MUCH_ASKED', /at most 16384 slots in a batch, but got 1300000/);
  assert.equal(resolveSteps(large, { ...range, worldSize: 100 }).worldSize, 100);
});

test('the addresses are those of every stride-th step', () => {
  const place = { epoch: 1, rank: 2, worldSize: 4 };
  const steps = [...addresses({ ...place, firstStep: 1, stepCount: 3, stepStride: 2 })];
  assert.deepEqual(
    steps,
    [1, 3, 5].map((step) => ({ ...place, step })),
  );
});

test('another fingerprint is refused, and none is any', async (t) => {
  const folder = await temporaryFolder(t);
  await writeTree(folder, { 'a/1.jpg': 10 });
  const text = 'sources: {a: a}\nruns: {r: {recipe: dinov3, sources: [a], global_batch: 1, epochs: 1}}';
  const runs = new OpenRuns(
    parseConfig(text, { folder, name: 'test' }),
    async ({ name, path }, split) =>
      (await indexSource({ name, path, split, indexFolder: join(folder, 'index') })).manifest,
  );
  const gate = new Gate();
  const caller = await gate.enter({ client: 'somebody', runs: null, inlineRuns: true }, new AbortController().signal);
  const opened = await openAsked({ runs, gate }, { run: { name: 'r' }, expectedFingerprint: '' }, caller);
  assert.equal(
    await openAsked({ runs, gate }, { run: { name: 'r' }, expectedFingerprint: opened.fingerprint }, caller),
    opened,
  );
  await assert.rejects(
    openAsked({ runs, gate }, { run: { name: 'r' }, expectedFingerprint: fingerprint }, caller),
    (error: TributaryError) =>
      error.reason === 'FINGERPRINT_MISMATCH' &&
      /run r to have .*(ab){32}/.test(error.message) &&
      error.message.includes(opened.fingerprint),
  );
});
