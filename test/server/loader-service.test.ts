import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentials, ServerCredentials } from '@grpc/grpc-js';
import type { DescribeRunResponse__Output } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import type { PlanBatchesRequest } from '../../protos/generated/tributary/v1/PlanBatchesRequest.js';
import type { PlanBatchesResponse__Output } from '../../protos/generated/tributary/v1/PlanBatchesResponse.js';
import type { StreamBatchesResponse__Output } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import { Loader } from '../../src/client/loader.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { contract } from '../../src/contract/contract.js';
import { batchSeed } from '../../src/plan/hash.js';
import { planShare } from '../../src/plan/plan.js';
import { serveLoader } from '../../src/server/start-server.js';
import { serving, smallReplica } from './small-replica.js';

const run = { name: 'small' };

test('a replica says what a run is and what its batches will hold, by their addresses', async (t) => {
  const replica = await smallReplica(t);
  const client = new contract.tributary.v1.LoaderService(await serving(t, replica), credentials.createInsecure());
  t.after(() => client.close());
  const open = await replica.runs.open(run);
  const description = await new Promise<DescribeRunResponse__Output>((resolve, reject) =>
    client.describeRun({ run }, (error, answer) => (error === null ? resolve(answer!) : reject(error))),
  );
  assert.deepEqual(
    [description.fingerprint, description.stepsPerEpoch, description.backend],
    [open.fingerprint, 7, replica.backend.description],
  );
  const plan = async (request: PlanBatchesRequest) => {
    const plans: PlanBatchesResponse__Output[] = [];
    for await (const one of client.planBatches({ run, ...request })) plans.push(one);
    return plans;
  };
  const plans = await plan({ epoch: 1, firstStep: 2, stepCount: 3, rank: 1, worldSize: 2 });
  assert.deepEqual(
    plans.map(({ address }) => address),
    [2, 3, 4].map((step) => ({ epoch: 1, step, rank: 1, worldSize: 2 })),
  );
  for (const { address, epoch, step, rank, worldSize, seed, samples } of plans) {
    assert.equal(seed, batchSeed(open.run.seed, address!));
    assert.deepEqual({ epoch, step, rank, worldSize }, address, 'clients of before read these');
    const share = planShare(open.plan, address!);
    assert.deepEqual(
      samples.map(({ key, seed, erase, drawn }) => [key, seed, erase, drawn]),
      share.map(({ index, seed }) => [open.manifests[0]!.key(index), seed, null, '']),
    );
  }
  const [drawn] = await plan({ stepCount: 1, withDrawn: true });
  for (const { drawn: text } of drawn!.samples) assert.ok('geometry' in JSON.parse(text));
  await assert.rejects(plan({ expectedFingerprint: '0'.repeat(64) }), /FINGERPRINT_MISMATCH|fingerprint/);
});

test('a stream outlives pings and idle times while its client takes its time', async (t) => {
  const replica = await smallReplica(t);
  const times = { ping: 0.2, pong: 5, idle: 0.3 };
  const { port, drain } = await serveLoader(replica, {
    listen: '127.0.0.1:0',
    credentials: ServerCredentials.createInsecure(),
    times,
  });
  t.after(() => drain(0));
  const from = new contract.tributary.v1.LoaderService(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.keepalive_time_ms': 200,
  });
  t.after(() => from.close());
  let read = 0;
  const began = performance.now();
  for await (const part of from.streamBatches({
    run: { name: 'small' },
  }) as AsyncIterable<StreamBatchesResponse__Output>) {
    if (part.trailer) read++;
    // Each of seven batches takes longer than a connection without calls may stay.
    if (part.trailer) await new Promise((resolve) => setTimeout(resolve, 350));
  }
  assert.equal(read, 7);
  assert.ok(performance.now() - began > 2_000);
});

test('a batch that takes longer than the stall time comes in its one stream, as the replica says where it stands', async (t) => {
  const replica = await smallReplica(t);
  const address = await serving(t, replica);
  let open: () => void = () => {};
  const busy = new Promise<void>((resolve) => {
    open = resolve;
  });
  const others = replica.queue.flow('others');
  const forever = new AbortController().signal;
  const held = Array.from({ length: replica.pool.concurrency }, () => replica.queue.add(others, () => busy, forever));
  const options = { lanes: 1, stallTimeout: 3, patience: 5 };
  const loader = await Loader.connect({ address, run: { name: 'small' }, ...options });
  t.after(() => loader.close());
  setTimeout(open, 10_000);
  const batches: ReceivedBatch[] = [];
  for await (const batch of loader.batches(0, 0, 2)) batches.push(batch);
  await Promise.all(held);
  assert.equal(batches.length, 2);
  const { values } = await replica.metrics.started.get();
  const streams = values.find(({ labels }) => labels.grpc_method === 'StreamBatches');
  assert.equal(streams?.value, 1, 'the stream was given up and opened again');
});
