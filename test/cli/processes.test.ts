import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { type TestContext, test } from 'node:test';
import { Loader } from '../../src/client/loader.js';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { indexedSamples, metric, type ServerProcess, sevenRun, startServer, tributary } from '../fleet.js';
import { clients, sums, Trainer } from '../network/trainers.js';

/** Two images of 64 x 64 pixels. */
const batchBytes = 2 * 64 * 64 * 3;

const flags = ['--workers', '2', '--backend', 'simd', '--log-level', 'debug'];

/** Starts a replica over some samples, with more flags. */
async function start(t: TestContext, config: string, ...more: string[]): Promise<ServerProcess> {
  return startServer(t, 'serve', ['--config', config, ...flags, '--metrics-listen', '127.0.0.1:0', ...more]);
}

/** A trainer with a connection of its own. */
async function trainer(t: TestContext, { address }: ServerProcess): Promise<Loader> {
  const loader = await Loader.connect({ address, run: { name: 'seven' }, patience: 60, lanes: 1, lease: 2 });
  t.after(() => loader.close());
  return loader;
}

/** Processes that have ended streams, by the log. */
function busy(log: ServerProcess['log']): Set<unknown> {
  return new Set(log.filter(({ method }) => method === 'StreamBatches').map(({ pid }) => pid));
}

/** Resolves once the log has a line. */
async function logged({ process, log }: ServerProcess, isIt: (line: Record<string, unknown>) => boolean) {
  for (;;) {
    const line = log.find(isIt);
    if (line !== undefined) return line;
    await new Promise((resolve) => process.stdout!.once('data', resolve));
  }
}

test('several processes behind one address send what one sends, and one that dies is replaced unnoticed', async (t) => {
  const config = await indexedSamples(t, { seven: sevenRun({ global_batch: 2 }) });
  const one = await start(t, config);
  const crcs = (await collect((await trainer(t, one)).batches(0))).map(({ crc32 }) => crc32);
  await one.stop();
  const several = await start(t, config, '--processes', '2', '--memory', '64MiB');
  assert.deepEqual([several.serving.processes, several.serving.workers], [2, 2]);

  await t.test('connections go to them in turn, and their metrics are added up', async (t) => {
    const loaders = await Promise.all([trainer(t, several), trainer(t, several)]);
    const epochs = await Promise.all(loaders.map((loader) => collect(loader.batches(0))));
    for (const epoch of epochs)
      assert.deepEqual(
        epoch.map(({ crc32 }) => crc32),
        crcs,
      );
    assert.equal(busy(several.log).size, 2);
    // What one process has made it sends to both trainers, and a late step comes twice.
    assert.ok((await metric(several, 'tributary_bytes_sent_total')) >= 2 * crcs.length * batchBytes);
    assert.ok((await metric(several, 'tributary_samples_total{result="ok"}')) >= 2 * crcs.length);
    assert.equal(await metric(several, 'tributary_build_info'), 1);
  });

  await t.test('one trainer has all of them work, with nothing set', async (t) => {
    for (const client of clients) {
      const { length } = several.log;
      const one = new Trainer(t, client, [], { address: several.address, run: 'seven' });
      assert.deepEqual(sums(await one.epoch(0)), crcs);
      assert.equal(busy(several.log.slice(length)).size, 2, client);
    }
  });

  await t.test('kill -9 of one costs its trainer a connection', async (t) => {
    const loaders = await Promise.all([trainer(t, several), trainer(t, several)]);
    const dead = [...busy(several.log)][0] as number;
    const epochs = loaders.map(async (loader) => {
      const batches: ReceivedBatch[] = [];
      for await (const batch of loader.batches(1)) {
        if (batches.length === 3 && loader === loaders[0]) process.kill(dead, 'SIGKILL');
        batches.push(batch);
      }
      return batches.map(({ crc32 }) => crc32);
    });
    const [first, second] = await Promise.all(epochs);
    assert.deepEqual(first, second);
    assert.equal(first!.length, crcs.length);
    assert.equal((await logged(several, ({ msg }) => /^process died/.test(String(msg)))).signal, 'SIGKILL');
    const known = new Set(several.log.filter(({ msg }) => msg === 'process serves').map(({ pid }) => pid));
    const isNew = ({ msg, pid }: Record<string, unknown>): boolean => msg === 'process serves' && pid !== dead;
    await logged(several, (line) => isNew(line) && (known.size === 3 || !known.has(line.pid)));
  });

  const childrenOf = ({ pid }: ServerProcess['process']): string[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');

  await t.test('it is ready while one of them is, and not when none answers', async () => {
    const ready = async (): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${several.serving.metricsPort}/readyz`);
      return `${answer.status} ${(await answer.text()).trim()}`;
    };
    const [first, second] = childrenOf(several.process).map(Number);
    assert.equal(await ready(), '200 ready');
    process.kill(first!, 'SIGSTOP');
    assert.equal(await ready(), '200 ready');
    process.kill(second!, 'SIGSTOP');
    assert.equal(await ready(), '503 stalled');
    for (const child of [first!, second!]) process.kill(child, 'SIGCONT');
    assert.equal(await ready(), '200 ready');
  });

  await t.test('a signal drains all', async () => {
    const children = childrenOf(several.process);
    assert.equal(children.length, 2);
    assert.equal(await several.stop('SIGTERM'), 0);
    for (const child of children) assert.throws(() => process.kill(Number(child), 0), { code: 'ESRCH' });
  });
});

test('a mistake of several processes is one line, as of one', async (t) => {
  const config = await indexedSamples(t);
  writeFileSync(config, `${readFileSync(config, 'utf8')}\nnonsense: 1\n`);
  const { code, stderr } = await tributary([
    'serve',
    '--config',
    config,
    '--listen',
    '127.0.0.1:0',
    '--processes',
    '3',
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /^tributary: .*nonsense.*\[CONFIG_INVALID\]\n$/);
  // More than the machine has, though each process's part would fit.
  const greedy = ['--processes', '8', '--cache-memory', String(2 * totalmem())];
  const large = await tributary(['serve', '--config', config, '--listen', '127.0.0.1:0', ...greedy]);
  assert.match(large.stderr, /^tributary: expected caches that fit in this machine's .*\n$/);
  const wrong = await tributary(['serve', '--listen', '127.0.0.1:0', '--processes', 'many']);
  assert.deepEqual([wrong.code, /--processes.*an integer of/i.test(wrong.stderr)], [2, true]);
});

async function collect(batches: AsyncIterable<ReceivedBatch>): Promise<ReceivedBatch[]> {
  const all: ReceivedBatch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}
