import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Loader, type LoaderOptions } from '../../src/client/loader.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { TributaryError } from '../../src/errors.js';
import { indexedSamples, type ServerProcess, sevenRun, startServer } from '../fleet.js';

const long = { run: 'name', name: 'long' } as const;
/** 112 samples make 28 steps of 4. */
const runs = { long: sevenRun({ global_batch: 4, image_size: 96 }) };

async function fleet(t: TestContext, count: number): Promise<{ config: string; replicas: ServerProcess[] }> {
  const config = await indexedSamples(t, runs, 112);
  const replicas = await Promise.all(
    Array.from({ length: count }, () => startServer(t, 'serve', ['--config', config, '--workers', '1'])),
  );
  return { config, replicas };
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

test('replicas that are killed, hung and drained in mid-epoch cost time and not a byte', async (t) => {
  const { replicas } = await fleet(t, 4);
  const undisturbed = await epoch(await loaderOf(t, replicas.slice(3)));
  // One that had just started would be late, and have its steps asked for elsewhere, before it comes to harm.
  for (const replica of replicas.slice(0, 3))
    assert.deepEqual((await epoch(await loaderOf(t, [replica]))).crcs, undisturbed.crcs);
  const disturbed = await epoch(await loaderOf(t, replicas, { lanes: 3 }), async (step) => {
    if (step === 3) await replicas[0]!.stop('SIGKILL');
    if (step === 8) replicas[1]!.process.kill('SIGSTOP');
    if (step === 14) void replicas[2]!.stop('SIGTERM');
  });
  assert.deepEqual(disturbed.crcs, undisturbed.crcs);
  assert.equal(disturbed.crcs.length, 28);
  assert.ok(disturbed.peers.size >= 3, `work went to ${[...disturbed.peers]}`);
});

test('a replica that comes back on its port is given work again', async (t) => {
  const { config, replicas } = await fleet(t, 2);
  const port = replicas[0]!.address;
  const undisturbed = await epoch(await loaderOf(t, replicas));
  const loader = await loaderOf(t, replicas, { lease: 1 });
  const disturbed = await epoch(loader, async (step) => {
    if (step === 2) await replicas[0]!.stop('SIGKILL');
    if (step === 6) await startServer(t, 'serve', ['--config', config], { listen: port });
  });
  assert.deepEqual(disturbed.crcs, undisturbed.crcs);
  // The connection is tried again after a backoff of at most 2 s; epochs go by meanwhile.
  const end = Date.now() + 20_000;
  let peers = new Set<string>();
  while (!peers.has(port) && Date.now() < end) peers = (await epoch(loader)).peers;
  assert.ok(peers.has(port), `long after its return, only ${[...peers]} sent batches`);
});

test('the only replica may be restarted in mid-epoch, and may start after the trainer', async (t) => {
  const { config, replicas } = await fleet(t, 1);
  const port = replicas[0]!.address;
  const undisturbed = await epoch(await loaderOf(t, replicas));
  let only = replicas[0]!;
  const disturbed = await epoch(await loaderOf(t, replicas, { lanes: 1 }), async (step) => {
    if (step % 9 !== 4) return;
    await only.stop('SIGKILL');
    only = await startServer(t, 'serve', ['--config', config], { listen: port });
  });
  assert.deepEqual(disturbed.crcs, undisturbed.crcs);
  await only.stop();
  const early = epoch(await loaderOf(t, [only]));
  await startServer(t, 'serve', ['--config', config], { listen: port });
  assert.deepEqual((await early).crcs, undisturbed.crcs);
});

test('when no replica is left, one error names each and why, within the patience', async (t) => {
  const { replicas } = await fleet(t, 2);
  const loader = await loaderOf(t, replicas, { patience: 2 });
  const failure = await epoch(loader, async (step) => {
    if (step === 2) await Promise.all(replicas.map((replica) => replica.stop('SIGKILL')));
  }).catch((error: unknown) => error);
  assert.ok(failure instanceof TributaryError && failure.reason === 'NO_REPLICA', String(failure));
  assert.match(failure.message, /ECONNREFUSED|UNAVAILABLE|connection/i);
});

test('a replica of another run is refused and never mixed in', async (t) => {
  const { replicas } = await fleet(t, 1);
  const otherConfig = await indexedSamples(t, { long: sevenRun({ global_batch: 4, image_size: 96, seed: 8 }) }, 112);
  const stranger = await startServer(t, 'serve', ['--config', otherConfig]);
  const own = await loaderOf(t, replicas);
  const { fingerprint } = await own.describe();
  const undisturbed = await epoch(own);
  const mixed = await epoch(await loaderOf(t, [replicas[0]!, stranger], { fingerprint, lease: 1 })).catch(
    (error: unknown) => error,
  );
  if (mixed instanceof TributaryError) assert.equal(mixed.reason, 'FINGERPRINT_MISMATCH');
  else assert.deepEqual((mixed as { crcs: number[] }).crcs, undisturbed.crcs);
  const alone = await epoch(await loaderOf(t, [stranger], { fingerprint })).catch((error: unknown) => error);
  assert.ok(alone instanceof TributaryError && alone.reason === 'FINGERPRINT_MISMATCH', String(alone));
  assert.match(alone.message, new RegExp(fingerprint));
});

test('many trainers of one run get the same bytes, each batch made once, and a slow one misses nothing', async (t) => {
  const { replicas } = await fleet(t, 1);
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
  const { replicas } = await fleet(t, 1);
  const loader = await loaderOf(t, replicas, { lease: 1, lanes: 1 });
  const closed = epoch(loader, (step) => {
    if (step === 2) loader.close();
  });
  await assert.rejects(closed, /shut down|closed/i);
});
