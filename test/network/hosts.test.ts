import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { indexedSamples, type ServerProcess, sevenRun, startServer } from '../fleet.js';
import { type Host, loaderName, Network } from './hosts.js';
import { type Client, clients, sums, Trainer, together } from './trainers.js';

const obstacle = Network.obstacle();
const port = 50051;
const address = `dns:///${loaderName}:${port}`;
/** 112 samples: 28 steps of 4 for `long`, 8 of 14 for `ranks`. */
const runs = {
  long: sevenRun({ global_batch: 4, image_size: 96, epochs: 5 }),
  ranks: sevenRun({ global_batch: 14, image_size: 64, seed: 11 }),
};

/** Replicas by the names of their hosts. */
class Fleet {
  readonly network: Network;
  readonly #config: string;
  readonly #replicas = new Map<string, ServerProcess>();

  constructor(network: Network, config: string) {
    this.network = network;
    this.#config = config;
  }

  host(name: string): Host {
    return this.network.host(name);
  }

  replica(name: string): ServerProcess {
    return this.#replicas.get(name)!;
  }

  has(name: string): boolean {
    return this.#replicas.has(name);
  }

  /** Starts a replica on each host, and lets the name stand for exactly these. */
  async start(t: TestContext, ...names: string[]): Promise<void> {
    this.#replicas.clear();
    await Promise.all(names.map((name) => this.add(t, name)));
    await this.network.answer(names.map((name) => this.host(name)));
  }

  async add(t: TestContext, name: string, listen = `0.0.0.0:${port}`): Promise<ServerProcess> {
    const args = [
      ...['--config', this.#config, '--workers', '1', '--backend', 'simd', '--insecure'],
      ...['--log-level', 'debug', '--drain-seconds', '2'],
    ];
    const replica = await startServer(t, 'serve', args, { listen, via: this.host(name).via });
    this.#replicas.set(name, replica);
    return replica;
  }

  /** Streams that a replica has served to their end. */
  served(name: string): number {
    return this.replica(name).log.filter((line) => line.method === 'StreamBatches' && line.code === 'OK').length;
  }

  trainer(t: TestContext, client: Client, options: object = {}): Trainer {
    return new Trainer(t, client, this.host('trainer').via, { address, run: 'long', ...options });
  }
}

/** Repeats until it holds, and says whether it came to hold within so many seconds. */
async function until(seconds: number, holds: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) if (await holds()) return true;
  return false;
}

async function timed<T>(act: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await act(), (performance.now() - start) / 1000];
}

test('trainers and replicas on hosts of their own', { skip: obstacle ?? false }, async (t) => {
  const fleet = new Fleet(await Network.open(t), await indexedSamples(t, runs, 112));
  let canonical: number[] = [];

  await t.test('an undisturbed epoch, the same for both clients', async (t) => {
    await fleet.start(t, 'a');
    canonical = sums(await fleet.trainer(t, 'TypeScript', { lanes: 1 }).epoch(0));
    assert.equal(canonical.length, 28);
    assert.equal(new Set(canonical).size, 28);
    assert.deepEqual(sums(await fleet.trainer(t, 'Python', { lanes: 1 }).epoch(0)), canonical);
  });

  await t.test('a replica added to the name is given work by both clients, one taken from it gets none', async (t) => {
    await fleet.start(t, 'a', 'b');
    for (const client of clients) {
      const trainer = fleet.trainer(t, client);
      await fleet.network.answer(['a', 'b'].map((name) => fleet.host(name)));
      const before = fleet.has('c') ? fleet.served('c') : 0;
      const added = await until(120, async () => {
        const taken = await trainer.epoch(0, async (step) => {
          if (step !== 14) return;
          if (!fleet.has('c')) await fleet.add(t, 'c');
          await fleet.network.answer(['a', 'b', 'c'].map((name) => fleet.host(name)));
        });
        assert.deepEqual(sums(taken), canonical);
        return fleet.served('c') > before;
      });
      assert.ok(added, `${client}: the new replica is idle`);
      await fleet.network.answer(['b', 'c'].map((name) => fleet.host(name)));
      const removed = await until(60, async () => {
        const before = fleet.served('a');
        assert.deepEqual(sums(await trainer.epoch(0)), canonical);
        return fleet.served('a') === before;
      });
      assert.ok(removed, `${client}: the replica that has left the name still gets work`);
    }
  });

  await t.test('a cut link is noticed in seconds, and a mended one is used again', async (t) => {
    await fleet.start(t, 'a', 'b', 'c');
    const trainers = both(t, fleet);
    const longest = await together(trainers, canonical, (step) => {
      if (step === 8) fleet.host('b').cut();
    });
    fleet.host('b').mend();
    t.diagnostic(`the longest wait for a step: ${longest.toFixed(1)} s`);
    assert.ok(longest < 8, `a batch took ${longest.toFixed(1)} s`);
    for (const trainer of trainers) {
      const before = fleet.served('b');
      const used = await until(60, async () => {
        assert.deepEqual(sums(await trainer.epoch(0)), canonical);
        return fleet.served('b') > before;
      });
      assert.ok(used, 'the replica whose link was mended gets no work');
    }
  });

  await t.test('SIGKILL, SIGSTOP and SIGTERM at once leave one of four, and cost seconds', async (t) => {
    await fleet.start(t, 'a', 'b', 'c', 'd');
    const longest = await together(both(t, fleet, { lanes: 3 }), canonical, (step) => {
      if (step !== 10) return;
      fleet.replica('a').process.kill('SIGKILL');
      fleet.replica('b').process.kill('SIGSTOP');
      fleet.replica('c').process.kill('SIGTERM');
    });
    t.diagnostic(`the longest wait for a step: ${longest.toFixed(1)} s`);
    assert.ok(longest < 10, `a batch took ${longest.toFixed(1)} s`);
  });

  await t.test('every replica is replaced by one of another address, and back', async (t) => {
    await fleet.start(t, 'a', 'b', 'c');
    const trainers = both(t, fleet);
    let names = ['a', 'b', 'c'];
    for (const next of [
      ['d', 'e', 'f'],
      ['a', 'b', 'c'],
    ]) {
      await together(trainers, canonical, async (step) => {
        const turn = step / 8 - 1;
        if (next[turn] === undefined) return;
        await fleet.add(t, next[turn]);
        const leaving = names[turn]!;
        names = names.with(turn, next[turn]);
        await fleet.network.answer(names.map((name) => fleet.host(name)));
        await fleet.replica(leaving).stop(turn === 1 ? 'SIGKILL' : 'SIGTERM');
      });
      assert.deepEqual(names, next);
    }
  });

  await t.test('the whole fleet is killed and restarted in mid-epoch, at its addresses and at others', async (t) => {
    await fleet.start(t, 'a', 'b', 'c');
    await together(both(t, fleet), canonical, async (step) => {
      if (step !== 7 && step !== 19) return;
      await Promise.all(['a', 'b', 'c'].map((name) => fleet.replica(name).stop('SIGKILL')));
      await fleet.start(t, ...(step === 7 ? ['a', 'b', 'c'] : ['d', 'e', 'f']));
    });
  });

  await t.test('trainers that start before any replica has a name wait for one', async (t) => {
    await fleet.network.answer([]);
    const epochs = together(both(t, fleet), canonical);
    await fleet.start(t, 'a', 'b', 'c');
    await epochs;
  });

  await t.test('replicas that are 50 ms away give the same epoch, at a pace that hides the distance', async (t) => {
    for (const name of ['a', 'b', 'c']) {
      await fleet.add(t, name, '127.0.0.1:50061');
      await distance(t, fleet.host(name), 25);
    }
    await fleet.network.answer(['a', 'b', 'c'].map((name) => fleet.host(name)));
    for (const client of clients) {
      const trainer = fleet.trainer(t, client, { lanes: 3, lease: 10 });
      assert.deepEqual(sums(await trainer.epoch(0)), canonical);
      const [again, seconds] = await timed(() => trainer.epoch(0));
      assert.deepEqual(sums(again), canonical);
      assert.ok(seconds < 1.4, `${client}: ${seconds.toFixed(1)} s for 28 steps`);
      t.diagnostic(
        `${client}: 28 batches that were made before in ${seconds.toFixed(2)} s; one round trip each would take 1.4 s`,
      );
    }
  });

  await t.test('a replica that hardly runs does not slow the rest: what is late is had elsewhere', async (t) => {
    await fleet.start(t, 'a', 'b', 'c');
    const pauseSeconds = 4;
    for (const client of clients) {
      const trainer = fleet.trainer(t, client, { lanes: 3, lease: 28 });
      // Epochs that no replica has made before, and so keeps no batch of.
      const epoch = client === 'TypeScript' ? 1 : 3;
      const [, healthy] = await timed(() => trainer.epoch(epoch));
      const pulse = pulses(t, fleet.replica('a'), pauseSeconds * 1_000, 50);
      const [slowed, seconds] = await timed(() => trainer.epoch(epoch + 1));
      pulse.end();
      const single = fleet.trainer(t, client, { address: `${fleet.host('b').ip}:${port}`, lanes: 1 });
      assert.deepEqual(sums(slowed), sums(await single.epoch(epoch + 1)));
      t.diagnostic(
        `${client}: ${healthy.toFixed(1)} s with three, ${seconds.toFixed(1)} s while one of them hardly runs`,
      );
      // A lane that stayed with the slow replica would wait for a pulse at each of its nine steps.
      assert.ok(
        seconds < healthy + 2 * pauseSeconds,
        `${client}: ${seconds.toFixed(1)} s instead of ${healthy.toFixed(1)} s`,
      );
    }
  });

  await t.test(
    '7 ranks of both clients, every replica replaced: each step is the canonical global batch',
    async (t) => {
      await fleet.start(t, 'a');
      const global = await fleet.trainer(t, 'TypeScript', { run: 'ranks' }).epoch(0);
      await fleet.replica('a').stop();
      await fleet.start(t, 'a', 'b', 'c');
      const ranks = Array.from({ length: 7 }, (_, rank) =>
        fleet.trainer(t, rank < 4 ? 'TypeScript' : 'Python', { run: 'ranks', lanes: 1, rank, worldSize: 7 }),
      );
      await Promise.all(ranks.map((rank) => rank.begin(0)));
      let fleetNames = ['a', 'b', 'c'];
      for (const { step, samples } of global) {
        // A rank is restarted as well, and reads what it had read before.
        if (step === 3) {
          ranks[5]!.process.kill('SIGKILL');
          ranks[5] = fleet.trainer(t, 'TypeScript', { run: 'ranks', rank: 5, worldSize: 7 });
          const again = await ranks[5].epoch(0, undefined, 1);
          assert.deepEqual(
            again.flatMap((batch) => batch.samples),
            global.slice(1).flatMap((batch) => batch.samples.slice(10, 12)),
          );
          await ranks[5].begin(0, step);
        }
        const shares = await Promise.all(ranks.map((rank) => rank.next()));
        assert.deepEqual(
          shares.map((share) => share?.step),
          Array(7).fill(step),
        );
        assert.deepEqual(
          shares.flatMap((share) => share!.samples),
          samples,
        );
        const [leaving, coming] = [fleetNames[step - 1], ['d', 'e', 'f'][step - 1]];
        if (leaving === undefined || coming === undefined) continue;
        await fleet.add(t, coming);
        fleetNames = fleetNames.with(step - 1, coming);
        await fleet.network.answer(fleetNames.map((name) => fleet.host(name)));
        await fleet.replica(leaving).stop(step === 2 ? 'SIGKILL' : 'SIGTERM');
      }
      assert.deepEqual(await Promise.all(ranks.map((rank) => rank.next())), Array(7).fill(null));
    },
  );
});

/** A trainer of each client. */
function both(t: TestContext, fleet: Fleet, options: object = {}): Trainer[] {
  return clients.map((client) => fleet.trainer(t, client, options));
}

/** Puts so many milliseconds, each way, before the replica of a host. */
async function distance(t: TestContext, host: Host, milliseconds: number): Promise<void> {
  const script = fileURLToPath(new URL('./delay.js', import.meta.url));
  const [program, ...args] = [...host.via, process.execPath, script, `${port}`, '50061', `${milliseconds}`];
  const proxy = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => proxy.kill('SIGKILL'));
  await once(createInterface({ input: proxy.stdout }), 'line');
}

/** Stops a process again and again for some milliseconds, and lets it run for some, until it is told to end. */
function pulses(t: TestContext, { process }: ServerProcess, stopped: number, running: number): { end(): void } {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    process.kill('SIGSTOP');
    timer = setTimeout(go, stopped);
  };
  const go = (): void => {
    process.kill('SIGCONT');
    timer = setTimeout(stop, running);
  };
  const end = (): void => {
    clearTimeout(timer);
    process.kill('SIGCONT');
  };
  t.after(end);
  stop();
  return { end };
}
