import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { Loader } from '../../src/client/loader.js';
import { indexedSamples, type ServerProcess, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';
import { clients, sums, type Taken, Trainer, TrainerError, together } from '../network/trainers.js';
import { damagingProxy } from './damaging-proxy.js';

/** 112 samples make 28 steps of 4. */
const run = sevenRun({ global_batch: 4, image_size: 96 });

function start(t: TestContext, config: string, listen = '127.0.0.1:0'): Promise<ServerProcess> {
  const args = [
    '--config',
    config,
    '--workers',
    '1',
    '--backend',
    'simd',
    '--log-level',
    'debug',
    '--drain-seconds',
    '2',
  ];
  return startServer(t, 'serve', args, { listen });
}

/** What makes batches come by the wire, although the replica is on the same host. */
const byWire = ['env', 'TRIBUTARY_LEND=0'];

/** A trainer of each client on the same addresses. */
function both(t: TestContext, addresses: readonly string[], options: object = {}, via: string[] = []): Trainer[] {
  return clients.map(
    (client) => new Trainer(t, client, via, { address: addresses.join(','), run: 'long', patience: 60, ...options }),
  );
}

/** What each client takes of epoch 0, and the error that it ends with. */
async function ends(trainers: readonly Trainer[]): Promise<{ taken: Taken[]; error: TrainerError | null }[]> {
  return Promise.all(
    trainers.map(async (trainer) => {
      const taken: Taken[] = [];
      try {
        await trainer.epoch(0, (_, batch) => void taken.push(batch));
        return { taken, error: null };
      } catch (error) {
        assert.ok(error instanceof TrainerError, String(error));
        return { taken, error };
      }
    }),
  );
}

/** Streams that a replica has served, to their end or not: one that is cold may be overtaken. */
function streams({ log }: ServerProcess): number {
  return log.filter((line) => line.method === 'StreamBatches').length;
}

test('both clients behave the same', async (t) => {
  const large = sevenRun({ global_batch: 1, image_size: 1024 });
  const config = await indexedSamples(t, { long: run, large }, 112);
  const sound = await start(t, config);
  const [canonical, same] = await Promise.all(both(t, [sound.address], { lanes: 1 }).map((one) => one.epoch(0)));
  const crcs = sums(canonical!);

  await t.test('a plain epoch is the same, sample by sample', () => {
    assert.equal(new Set(crcs).size, 28);
    assert.deepEqual(
      same!.map(({ peer: _, ...batch }) => batch),
      canonical!.map(({ peer: _, ...batch }) => batch),
    );
  });

  await t.test('an epoch goes on from any step', async (t) => {
    for (const trainer of both(t, [sound.address]))
      for (const step of [1, 13, 27]) assert.deepEqual(sums(await trainer.epoch(0, undefined, step)), crcs.slice(step));
  });

  await t.test('replicas that are killed, hung and drained cost time and not a byte', async (t) => {
    const replicas = await Promise.all([1, 2, 3].map(() => start(t, config)));
    const addresses = [sound, ...replicas].map((replica) => replica.address);
    const longest = await together(both(t, addresses, { lanes: 3 }), crcs, async (step) => {
      if (step === 3) await replicas[0]!.stop('SIGKILL');
      if (step === 8) replicas[1]!.process.kill('SIGSTOP');
      if (step === 14) replicas[2]!.process.kill('SIGTERM');
    });
    t.diagnostic(`the longest wait for a step: ${longest.toFixed(1)} s`);
  });

  await t.test('a replica that comes to its address late is given work', async (t) => {
    const early = await start(t, config);
    await early.stop();
    const trainers = both(t, [sound.address, early.address], { lease: 1 });
    await together(trainers, crcs);
    const late = await start(t, config, early.address);
    for (const trainer of trainers) {
      const before = streams(late);
      const end = Date.now() + 20_000;
      while (streams(late) === before && Date.now() < end) assert.deepEqual(sums(await trainer.epoch(0)), crcs);
      assert.ok(streams(late) > before, 'the replica is idle');
    }
  });

  await t.test('every replica works where one is not enough, with nothing set', async (t) => {
    const replicas = await Promise.all(Array.from({ length: 6 }, () => start(t, config)));
    const addresses = replicas.map(({ address }) => address);
    // Leases that never end: only lanes that become more bring replicas to work that had none at first.
    for (const trainer of both(t, addresses, { run: 'large', lanes: 0, lease: 1000 })) {
      const before = replicas.map(streams);
      await trainer.epoch(0);
      const idle = replicas.filter((replica, index) => streams(replica) === before[index]);
      assert.equal(idle.length, 0);
    }
  });

  await t.test('the only replica may be restarted in mid-epoch, and may start after the trainer', async (t) => {
    let only = await start(t, config);
    const trainers = both(t, [only.address]);
    await together(trainers, crcs, async (step) => {
      if (step % 9 !== 4) return;
      await only.stop('SIGKILL');
      only = await start(t, config, only.address);
    });
    await only.stop();
    const early = together(both(t, [only.address]), crcs);
    await start(t, config, only.address);
    await early;
  });

  await t.test('when no replica is left, one error names each and why, within the patience', async (t) => {
    const replicas = await Promise.all([1, 2].map(() => start(t, config)));
    const addresses = replicas.map((replica) => replica.address);
    const trainers = both(t, addresses, { patience: 2 });
    await Promise.all(trainers.map((trainer) => trainer.begin(0)));
    await Promise.all(trainers.map((trainer) => trainer.next()));
    await Promise.all(replicas.map((replica) => replica.stop('SIGKILL')));
    for (const trainer of trainers) {
      const failure = await (async () => {
        while ((await trainer.next()) !== null);
      })().catch((error: unknown) => error);
      assert.ok(failure instanceof TrainerError && failure.reason === 'NO_REPLICA', String(failure));
      for (const address of addresses) assert.match(failure.message, new RegExp(`${address}: .*UNAVAILABLE`));
      assert.match(failure.message, /a replica to answer for step \d+ of epoch 0, but got none in \d+ s/);
    }
  });

  await t.test('a run that is unknown is refused at once', async (t) => {
    const start = performance.now();
    for (const { taken, error } of await ends(both(t, [sound.address], { run: 'lang' }))) {
      assert.deepEqual([taken.length, error?.reason], [0, 'UNKNOWN_RUN']);
    }
    assert.ok(performance.now() - start < 60_000, 'the patience was waited for');
  });

  await t.test('a replica of another run is never mixed in', async (t) => {
    const other = await indexedSamples(t, { long: { ...run, seed: 8 } }, 112);
    const stranger = await start(t, other);
    for (const { taken, error } of await ends(both(t, [sound.address, stranger.address]))) {
      assert.deepEqual([taken.length, error?.reason], [0, 'FINGERPRINT_MISMATCH']);
      for (const { address } of [sound, stranger]) assert.match(error!.message, new RegExp(address));
    }
    const fingerprint = await fingerprintOf(sound);
    await together(both(t, [sound.address, stranger.address], { fingerprint, lease: 1 }), crcs);
    for (const { error } of await ends(both(t, [stranger.address], { fingerprint }))) {
      assert.equal(error?.reason, 'FINGERPRINT_MISMATCH');
      assert.match(error!.message, new RegExp(fingerprint));
    }
  });

  await t.test(
    'a batch that is damaged on its way comes from elsewhere, and is an error where there is none',
    async (t) => {
      const damaged = await damagingProxy(t, sound.address);
      await together(both(t, [sound.address, damaged], { lease: 1 }, byWire), crcs);
      for (const { taken, error } of await ends(both(t, [damaged], {}, byWire)))
        assert.deepEqual([taken.length, error?.reason], [0, 'CRC_MISMATCH']);
    },
  );

  await t.test(
    'a corrupt sample of a strict run ends the epoch at its step, after all batches before it',
    async (t) => {
      const strict = await startServer(t, 'serve', ['--config', await oddSource(t), '--workers', '1']);
      const [one, other] = await ends(both(t, [strict.address], { run: 'strict' }));
      assert.equal(one!.error?.reason, 'SAMPLE_CORRUPT');
      assert.match(one!.error!.message, /11\.jpg/);
      assert.deepEqual([other!.error?.reason, other!.error?.message], [one!.error!.reason, one!.error!.message]);
      assert.deepEqual(sums(other!.taken), sums(one!.taken));
    },
  );
});

async function fingerprintOf({ address }: ServerProcess): Promise<string> {
  const loader = await Loader.connect({ address, run: { name: 'long' } });
  try {
    return (await loader.describe()).fingerprint;
  } finally {
    loader.close();
  }
}

/** The config of a strict run over 24 images, of which the twelfth cannot be decoded. */
async function oddSource(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'images'));
  for (let index = 0; index < 24; index++) {
    const background = { r: index * 10, g: 255 - index * 10, b: 90 };
    const image = await sharp({ create: { width: 80, height: 60, channels: 3, background } })
      .jpeg()
      .toBuffer();
    const path = join(folder, 'images', `${String(index).padStart(2, '0')}.jpg`);
    await writeFile(path, index === 11 ? 'no image at all' : image);
  }
  const config = join(folder, 'tributary.yaml');
  const strict = sevenRun({ sources: ['images'], global_batch: 2, image_size: 48, on_corrupt: 'fail' });
  await writeFile(config, stringify({ sources: { images: './images' }, runs: { strict } }));
  const { code, stderr } = await tributary(['index', '--config', config]);
  assert.equal(code, 0, stderr);
  return config;
}
