import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Loader, type LoaderOptions } from '../../src/client/loader.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { indexedSamples, type ServerProcess, sevenRun, startServer } from '../fleet.js';

const long = { name: 'long' } as const;
/** 112 samples make 28 steps of 4. */
const runs = { long: sevenRun({ global_batch: 4, image_size: 96 }) };

async function fleet(t: TestContext): Promise<ServerProcess[]> {
  return [await startServer(t, 'serve', ['--config', await indexedSamples(t, runs, 112), '--workers', '1'])];
}

async function loaderOf(
  t: TestContext,
  replicas: readonly ServerProcess[],
  options: Partial<LoaderOptions> = {},
): Promise<Loader> {
  const address = replicas.map((replica) => replica.address).join(',');
  const loader = await Loader.connect({ address, run: long, lease: 3, stallTimeout: 2, patience: 30, ...options });
  t.after(() => loader.close());
  return loader;
}

/** An epoch as a trainer sees it: CRC-32 of every batch and who sent it. `during` runs after each batch. */
async function epoch(
  loader: Loader,
  during: (step: number, batch: ReceivedBatch) => Promise<void> | void = () => {},
): Promise<{ crcs: number[]; peers: Set<string> }> {
  const crcs: number[] = [];
  const peers = new Set<string>();
  for await (const batch of loader.batches(0)) {
    assert.equal(batch.header.step, crcs.length, 'batches come in order');
    crcs.push(batch.crc32);
    peers.add(batch.peer);
    await during(batch.header.step, batch);
  }
  return { crcs, peers };
}

test('many trainers of one run get the same bytes, each batch made once, and a slow one misses nothing', async (t) => {
  const replicas = await fleet(t);
  const loaders = await Promise.all(Array.from({ length: 4 }, () => loaderOf(t, replicas, { lanes: 1 })));
  const [slow, ...quick] = loaders;
  let released: () => void = () => {};
  const quickDone = new Promise<void>((resolve) => {
    released = resolve;
  });
  const lagging = epoch(slow!, (step) => (step === 1 ? quickDone : undefined));
  const epochs = await Promise.all(quick.map((loader) => epoch(loader)));
  released();
  const last = await lagging;
  for (const { crcs } of epochs) assert.deepEqual(crcs, last.crcs);
});

test('closing a loader while it is read ends its reader', async (t) => {
  const replicas = await fleet(t);
  const loader = await loaderOf(t, replicas, { lease: 1, lanes: 1 });
  const closed = epoch(loader, (step) => {
    if (step === 2) loader.close();
  });
  await assert.rejects(closed, /shut down|closed/i);
});
