import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BatchRequest } from '../../src/batch/batch.js';
import { BatchMaker } from '../../src/batch/batch-maker.js';
import { FairQueue } from '../../src/batch/fair-queue.js';
import { streamBytes } from '../../src/batch/memory-budget.js';
import { WorkerPool } from '../../src/batch/worker-pool.js';
import { smallRun } from './small-run.js';

const forever = new AbortController().signal;
const batchBytes = 6 * 48 * 48 * 3;

interface Made {
  readonly maker: BatchMaker;
  readonly queue: FairQueue;
  readonly tried: () => number;
  request(step: number): BatchRequest;
}

async function maker(t: TestContext, memory: number, more: object = {}): Promise<Made> {
  const pool = new WorkerPool(1);
  t.after(() => pool.close());
  const queue = new FairQueue(pool.concurrency);
  let tried = 0;
  const tools = { pool, queue, allotment: null, onSample: () => tried++ };
  const open = await smallRun(t, more);
  const form = { type: 'UINT8', axes: 'NHWC' } as const;
  return {
    maker: new BatchMaker(tools, memory),
    queue,
    tried: () => tried,
    request: (step) => ({ open, form, address: { epoch: 0, step, rank: 0, worldSize: 1 } }),
  };
}

test('who asks for the same address gets the same batch, made once, and it stays while there is room', async (t) => {
  const { maker: one, queue, tried, request } = await maker(t, 2 * batchBytes + streamBytes);
  const flow = queue.flow();
  const [first, second] = await Promise.all([0, 0].map((step) => one.take(request(step), flow, forever)));
  assert.equal(first!.batch, second!.batch);
  assert.equal(tried(), 6);
  first!.give();
  first!.give();
  second!.give();
  const again = await one.take(request(0), flow, forever);
  assert.equal(again.batch, first!.batch);
  again.give();
  assert.equal(one.preparedBytes, batchBytes);
  await one.budget.take('other', '', batchBytes, 1);
  const other = await one.take(request(1), flow, forever);
  other.give();
  assert.equal(one.preparedBytes, batchBytes, 'an idle batch stayed in what a stream has reserved');
  const { data } = (await one.take(request(0), flow, forever)).batch;
  assert.deepEqual(data, first!.batch.data);
});

test('a stream of batches is made in the memory of those before it', async (t) => {
  const { maker: one, queue, request } = await maker(t, 4 * batchBytes + streamBytes, { epochs: 20 });
  const at = (epoch: number): BatchRequest => ({ ...request(0), address: { epoch, step: 0, rank: 0, worldSize: 1 } });
  const reservation = await one.budget.take('a', '', batchBytes, 2);
  const buffers = new Set<ArrayBufferLike>();
  const take = (epoch: number) => one.take(at(epoch), queue.flow(), forever);
  const ahead = [take(0), take(1)];
  for (let epoch = 2; epoch < 20; epoch++) {
    const held = await ahead.shift()!;
    buffers.add(held.batch.data.buffer);
    // As a stream does: the next is asked for in the moment that the last is given back.
    held.give();
    ahead.push(take(epoch));
  }
  for (const held of await Promise.all(ahead)) held.give();
  one.budget.give(reservation);
  assert.ok(buffers.size <= 4, `${buffers.size} buffers for batches of which four fit`);
});

test('more finished batches are kept once somebody comes back for one that was dropped', async (t) => {
  const MiB = 2 ** 20;
  const { maker: one, queue, request } = await maker(t, 512 * MiB, { image_size: 1536, epochs: 3 });
  const trained = async (epochs: number[]): Promise<number> => {
    for (const epoch of epochs) {
      const address = { epoch, step: 0, rank: 0, worldSize: 1 };
      (await one.take({ ...request(0), address }, queue.flow(), forever)).give();
    }
    return one.preparedBytes;
  };
  assert.ok((await trained([0, 1, 2])) <= 64 * MiB);
  const more = await trained([0, 1, 2]);
  assert.ok(more > 64 * MiB, `${more} bytes are kept for one who came back`);
});

test('a batch is called off by the last who waits for it, and by no other', async (t) => {
  const { maker: one, queue, tried, request } = await maker(t, 4 * batchBytes);
  const flow = queue.flow();
  const calls = [new AbortController(), new AbortController()];
  const [left, stayed] = calls.map(({ signal }) => one.take(request(0), flow, signal));
  calls[0]!.abort(new Error('gone'));
  await assert.rejects(left!, /gone/);
  const kept = await stayed!;
  assert.equal(tried(), 6);
  kept.give();
  const last = new AbortController();
  const alone = one.take(request(1), flow, last.signal);
  last.abort(new Error('gone too'));
  await assert.rejects(alone, /gone too/);
  assert.equal(one.preparedBytes, batchBytes);
  assert.deepEqual((await one.take(request(1), flow, forever)).batch.address, request(1).address);
});

test('a run of several sizes has room reserved for its largest batch, and each takes what it has', async (t) => {
  const resolutions = [{ image_size: 32 }, { image_size: 64 }];
  const { maker: one, queue, request } = await maker(t, 20 * batchBytes, { global_batch: 3, resolutions });
  assert.equal(one.batchBytes(request(0), 1), 3 * 64 * 64 * 3);
  const sizes = new Set<number>();
  let sum = 0;
  for (let step = 0; step < 4; step++) {
    const { batch } = await one.take(request(step), queue.flow(), forever);
    sizes.add(batch.shape[1]!);
    sum += batch.data.length;
    assert.equal(batch.data.length, 3 * batch.shape[1]! ** 2 * 3);
  }
  assert.equal(one.preparedBytes, sum);
  assert.deepEqual(sizes, new Set([32, 64]));
});
