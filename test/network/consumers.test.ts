import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { Loader, type LoaderOptions } from '../../src/client/loader.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { contract } from '../../src/contract/contract.js';
import { TributaryError } from '../../src/errors.js';
import { indexedSamples, metric, type ServerProcess, sevenRun, startServer, tributary } from '../fleet.js';

/** 112 samples: 28 steps of 4, 14 of 8. */
const runs = {
  long: sevenRun({ global_batch: 4, image_size: 96 }),
  eight: sevenRun({ global_batch: 8, image_size: 64 }),
  big: sevenRun({ global_batch: 8, image_size: 518 }),
};

async function fleet(t: TestContext, count: number, ...args: string[]): Promise<ServerProcess[]> {
  const config = await indexedSamples(t, runs, 112);
  return servers(t, config, count, ...args);
}

function servers(t: TestContext, config: string, count: number, ...args: string[]): Promise<ServerProcess[]> {
  return Promise.all(
    Array.from({ length: count }, () =>
      startServer(t, 'serve', ['--config', config, '--workers', '1', '--backend', 'simd', ...args]),
    ),
  );
}

async function loaderOf(
  t: TestContext,
  replicas: readonly ServerProcess[],
  { run = 'long', ...options }: Omit<Partial<LoaderOptions>, 'run'> & { run?: string } = {},
): Promise<Loader> {
  const address = replicas.map((replica) => replica.address).join(',');
  const loader = await Loader.connect({
    address,
    lease: 3,
    stallTimeout: 3,
    patience: 30,
    ...options,
    run: { name: run },
  });
  t.after(() => loader.close());
  return loader;
}

async function sums(batches: AsyncIterable<ReceivedBatch>): Promise<number[]> {
  const list: number[] = [];
  for await (const batch of batches) list.push(batch.crc32);
  return list;
}

async function within(seconds: number, holds: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) if (await holds()) return true;
  return holds();
}

test('with room for one batch at a time, all replicas but one may die', async (t) => {
  const replicas = await fleet(t, 5);
  const undisturbed = await sums((await loaderOf(t, replicas)).batches(0));
  const narrow = await loaderOf(t, replicas, { lanes: 1, budgetBytes: 1, lease: 1 });
  const list: number[] = [];
  for await (const { header, crc32 } of narrow.batches(0)) {
    list.push(crc32);
    if (header.step === 9) await Promise.all(replicas.slice(1).map((replica) => replica.stop('SIGKILL')));
  }
  assert.deepEqual(list, undisturbed);
});

test('a replica whose config has fewer epochs is left alone by a trainer that is past them', async (t) => {
  const config = await indexedSamples(t, runs, 112);
  const older = join(dirname(config), 'older.yaml');
  await writeFile(older, (await readFile(config, 'utf8')).replaceAll('epochs: 3', 'epochs: 1'));
  const [whole] = await servers(t, config, 1);
  const [fewer] = await servers(t, older, 1);
  const undisturbed = await sums((await loaderOf(t, [whole!], { run: 'eight' })).batches(2));
  const both = () => loaderOf(t, [whole!, fewer!], { run: 'eight', lanes: 2, lease: 1 });
  let loader = await both();
  // The first to answer says how many epochs there are.
  while ((await loader.describe()).training!.epochs !== 3) loader = await both();
  assert.deepEqual(await sums(loader.batches(2)), undisturbed);
});

test('20 trainers share a replica in lockstep, and with a small cache, one after the other', async (t) => {
  // Room for two streams of five batches and hardly more: what is kept for others must not change what they get.
  const [replica] = await fleet(t, 1, '--metrics-listen', '127.0.0.1:0');
  const loaders = await Promise.all(Array.from({ length: 20 }, () => loaderOf(t, [replica!], { lanes: 1 })));
  const undisturbed = await sums(loaders[0]!.batches(0));
  const made = await metric(replica!, 'tributary_samples_total{result="ok"}');
  const readers = loaders.map((loader) => loader.batches(1));
  const lockstep: number[][] = loaders.map(() => []);
  for (let step = 0; step < undisturbed.length; step++) {
    const batches = await Promise.all(readers.map((reader) => reader.next()));
    for (const [reader, { value }] of batches.entries()) lockstep[reader]!.push((value as ReceivedBatch).crc32);
  }
  for (const list of lockstep) assert.deepEqual(list, lockstep[0]);
  assert.notDeepEqual(lockstep[0], undisturbed);
  const shared = (await metric(replica!, 'tributary_samples_total{result="ok"}')) - made;
  assert.ok(shared <= 1.2 * made, `${shared} samples were made for 20 epochs, and ${made} for one`);
  const [small] = await fleet(t, 1, '--memory', '1MiB');
  for (let trainer = 0; trainer < 3; trainer++)
    assert.deepEqual(await sums((await loaderOf(t, [small!], { lanes: 1 })).batches(0)), undisturbed);
});

test('leaving in the middle, at once, and beside others disturbs nobody; ranks may be at different steps', async (t) => {
  const replicas = await fleet(t, 3);
  const loader = await loaderOf(t, replicas);
  const undisturbed = await sums(loader.batches(0));
  const waiting = loader.batches(1);
  const pending = waiting.next();
  const ended = waiting.return(undefined);
  await Promise.all([pending, ended]);
  const rest = await Promise.all(
    Array.from({ length: 10 }, async (_, reader) => {
      const list: number[] = [];
      for await (const { crc32 } of loader.batches(0, reader)) {
        list.push(crc32);
        if (reader % 3 === 1 && list.length === reader) break;
      }
      return list;
    }),
  );
  for (const [reader, list] of rest.entries())
    assert.deepEqual(list, undisturbed.slice(reader, reader % 3 === 1 ? reader + reader : undefined));
  const ranks = await Promise.all(
    [0, 1, 2, 3].map(async (rank) => {
      const one = await loaderOf(t, replicas, { run: 'eight', rank, worldSize: 4 });
      return sums(one.batches(0, rank * 3));
    }),
  );
  const whole = await Promise.all(
    [0, 1, 2, 3].map(async (rank) =>
      sums((await loaderOf(t, replicas, { run: 'eight', rank, worldSize: 4 })).batches(0)),
    ),
  );
  for (const [rank, list] of ranks.entries()) assert.deepEqual(list, whole[rank]!.slice(rank * 3));
});

/** A source of 24 images, of which one takes long to decode, or cannot be decoded at all. */
async function oddSource(t: TestContext, odd: Buffer, more: object): Promise<string> {
  const config = join(dirname(await indexedSamples(t)), 'odd', 'tributary.yaml');
  const folder = join(dirname(config), 'images');
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < 24; index++) {
    const background = { r: index * 10, g: 255 - index * 10, b: 90 };
    const plain = sharp({ create: { width: 80, height: 60, channels: 3, background } }).jpeg();
    await writeFile(join(folder, `${String(index).padStart(2, '0')}.jpg`), index === 11 ? odd : await plain.toBuffer());
  }
  const run = sevenRun({ sources: ['images'], global_batch: 2, image_size: 48, ...more });
  await writeFile(config, stringify({ sources: { images: './images' }, runs: { long: run } }));
  const { code, stderr } = await tributary(['index', '--config', config]);
  assert.equal(code, 0, stderr);
  return config;
}

test('a slow sample neither changes the order nor vanishes, and the run is resumed around it', async (t) => {
  const noise = await sharp({
    create: {
      width: 4000,
      height: 4000,
      channels: 3,
      background: 'black',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .jpeg({ progressive: true, quality: 95 })
    .toBuffer();
  const replicas = await servers(t, await oddSource(t, noise, {}), 3);
  const loader = await loaderOf(t, replicas, { lanes: 3 });
  const keys: string[] = [];
  const undisturbed: number[] = [];
  for await (const { header, crc32 } of loader.batches(0)) {
    undisturbed.push(crc32);
    keys.push(...header.samples.map((sample) => sample.key));
  }
  assert.deepEqual(
    [...keys].sort(),
    Array.from({ length: 24 }, (_, index) => `${String(index).padStart(2, '0')}.jpg`),
  );
  const slow = Math.floor(keys.indexOf('11.jpg') / 2);
  for (const first of [slow, Math.max(slow - 1, 0), Math.min(slow + 1, 11)])
    assert.deepEqual(
      await sums((await loaderOf(t, replicas, { lanes: 2 })).batches(0, first)),
      undisturbed.slice(first),
    );
});

test('an error in one sample ends the stream there, and poisons neither what was before nor what comes after', async (t) => {
  const config = await oddSource(t, Buffer.from('no image at all'), { on_corrupt: 'fail' });
  const replicas = await servers(t, config, 2);
  const loader = await loaderOf(t, replicas, { lanes: 1 });
  const before: number[] = [];
  const failure = await (async () => {
    for await (const { crc32 } of loader.batches(0)) before.push(crc32);
    return null;
  })().catch((error: unknown) => error);
  assert.ok(failure instanceof TributaryError && failure.reason === 'SAMPLE_CORRUPT', String(failure));
  assert.match(failure.message, /11\.jpg/);
  const after = await sums(loader.batches(0, before.length + 1));
  assert.equal(after.length, 12 - before.length - 1);
  assert.deepEqual(await sums(loader.batches(0, 0, before.length)), before);
});

test('clients that vanish while the replica is blocked on flow control leave nothing behind', async (t) => {
  const [replica] = await fleet(t, 1, '--metrics-listen', '127.0.0.1:0', '--memory', '256MiB');
  const clients = Array.from(
    { length: 8 },
    () => new contract.tributary.v1.LoaderService(replica!.address, credentials.createInsecure()),
  );
  t.after(() => {
    for (const client of clients) client.close();
  });
  const run = { name: 'big' } as const;
  const calls = clients.map((client) => client.streamBatches({ run }));
  for (const call of calls) call.on('error', () => {});
  // One message is read, so that the window opens, and then no more.
  await Promise.all(calls.map((call) => call[Symbol.asyncIterator]().next()));
  assert.ok(await within(20, async () => (await metric(replica!, 'tributary_streams_active')) === 8));
  assert.ok((await metric(replica!, 'tributary_reserved_bytes')) > 0);
  for (const call of calls) call.cancel();
  for (const name of ['streams_active', 'reserved_bytes', 'queue_size', 'queue_pending'])
    assert.ok(await within(2, async () => (await metric(replica!, `tributary_${name}`)) === 0), `${name} is not 0`);
  const loader = await loaderOf(t, [replica!], { run: 'big' });
  assert.equal((await sums(loader.batches(0, 0, 3))).length, 3);
});
