import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import type { DescribeRunResponse__Output } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import type { PlanBatchesRequest } from '../../protos/generated/tributary/v1/PlanBatchesRequest.js';
import type { PlanBatchesResponse__Output } from '../../protos/generated/tributary/v1/PlanBatchesResponse.js';
import { contract } from '../../src/contract/contract.js';
import { batchSeed } from '../../src/plan/hash.js';
import { planShare } from '../../src/plan/plan.js';
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
