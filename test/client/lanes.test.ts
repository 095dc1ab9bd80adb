import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultOptions } from '../../src/client/behaviour.js';
import { Lanes } from '../../src/client/lanes.js';
import { Replicas } from '../../src/client/replicas.js';
import { contract } from '../../src/contract/contract.js';
import { serving, smallReplica } from '../server/small-replica.js';

test('steps come in order and with the same bytes however many lanes and leases they take, from any step', async (t) => {
  const replica = await smallReplica(t);
  const { fingerprint } = await replica.runs.open({ name: 'small' });
  const address = [await serving(t, replica), await serving(t, replica)].join(',');
  const replicas = await Replicas.open(contract.tributary.v1.LoaderService, { address }, 5);
  t.after(() => replicas.close());
  const request = { run: { name: 'small' }, epoch: 1, rank: 0, worldSize: 1, expectedFingerprint: fingerprint };
  const lanes = (steps: { first: number; count: number; most: number }, options: object = {}, more: object = {}) =>
    new Lanes(replicas, { ...request, ...more }, steps, { ...defaultOptions, patience: 20, ...options }).batches();
  const read = async (of: ReturnType<typeof lanes>) => {
    const seen: [number, number][] = [];
    for await (const { address, crc32 } of of) seen.push([address.step, crc32]);
    return seen;
  };
  const whole = await read(lanes({ first: 0, count: 7, most: 8 }, { lanes: 1 }));
  assert.deepEqual(
    whole.map(([step]) => step),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(await read(lanes({ first: 0, count: 7, most: 2 }, { lanes: 3, lease: 1 })), whole);
  assert.deepEqual(await read(lanes({ first: 3, count: 3, most: 1 }, { lanes: 5 })), whole.slice(3, 6));
  await assert.rejects(read(lanes({ first: 0, count: 7, most: 8 }, {}, { rank: 1 })), { reason: 'RANK_INVALID' });
});

test('leaving the loop ends every stream', async (t) => {
  const replica = await smallReplica(t, { image_size: 256 });
  const { fingerprint } = await replica.runs.open({ name: 'small' });
  const replicas = await Replicas.open(contract.tributary.v1.LoaderService, { address: await serving(t, replica) }, 5);
  t.after(() => replicas.close());
  const request = { run: { name: 'small' }, epoch: 0, expectedFingerprint: fingerprint };
  const steps = { first: 0, count: 7, most: 2 };
  for await (const { address } of new Lanes(replicas, request, steps, defaultOptions).batches()) {
    assert.equal(address.step, 0);
    break;
  }
  assert.equal(replicas.choose(new Set())!.streams, 0);
});
