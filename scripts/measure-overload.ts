import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Loader } from '../src/client/loader.js';
import { TributaryError } from '../src/errors.js';
import { assaultFolder, startWatched } from './assault.js';
import { metricsText, type ServerProcess } from './server-process.js';

// What becomes of a replica's work where too many trainers ask: node dist/scripts/measure-overload.js [--seconds 20] [--trainers 1,4,16,64]
// [--client typescript,python] [--rounds 1] [--apart]. It counts from when every trainer has got a batch. A row for each client and number of
// trainers, the median round by what was delivered: samples made and delivered a second, the longest wait of a trainer, and the time of the cores that they took.
// --apart gives the replica the first processor and the trainers the others (taskset): what trainers take is then not the replica's.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    trainers: { type: 'string', default: '1,4,16,64' },
    client: { type: 'string', default: 'typescript' },
    rounds: { type: 'string', default: '1' },
    apart: { type: 'boolean', default: false },
  },
});

/** Trainers of a client, each in epochs of its own, so that nothing is shared. */
interface Crowd {
  /** How many samples each trainer has got. */
  counts(): Promise<readonly number[]>;
  /** Seconds of the cores that they have taken. */
  cpu(): number;
  stop(): Promise<unknown>;
}

const crowds: Readonly<Record<string, (address: string, trainers: number) => Crowd>> = {
  typescript(address, trainers) {
    const samples = Array<number>(trainers).fill(0);
    const stops = samples.map((_, epoch) => train(address, epoch, trainers, (more) => (samples[epoch]! += more)));
    return {
      counts: async () => [...samples],
      cpu: () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
      stop: () => Promise.all(stops.map((stop) => stop())),
    };
  },
  python(address, trainers) {
    const epochs = Array.from({ length: trainers }, (_, epoch) => epoch);
    const processes = Array.from({ length: Math.ceil(trainers / trainersPerProcess) }, (_, i) =>
      pythonTrainers(address, epochs.slice(i * trainersPerProcess, (i + 1) * trainersPerProcess), trainers),
    );
    return {
      counts: async () => (await Promise.all(processes.map((one) => one.counts()))).flat(),
      cpu: () => processes.reduce((sum, one) => sum + one.cpu(), 0),
      stop: () => Promise.all(processes.map((one) => one.stop())),
    };
  },
};

/** Reads every `stride`th epoch until it is told to stop by what this gives. */
function train(address: string, first: number, stride: number, got: (samples: number) => void): () => Promise<void> {
  const connecting = Loader.connect({ address, run: { name: 'good' } });
  const reading = (async () => {
    try {
      for (let epoch = first; ; epoch += stride)
        for await (const { header } of (await connecting).batches(epoch)) got(header.samples.length);
    } catch (error) {
      if (!(error instanceof TributaryError) || error.reason !== 'STREAM_CANCELLED') throw error;
    }
  })();
  return async () => {
    (await connecting).close();
    await reading;
  };
}

/** Sixty-four interpreters would take the cores that are to be measured. */
const trainersPerProcess = 8;

function pythonTrainers(address: string, epochs: readonly number[], stride: number): Crowd {
  const program = fileURLToPath(new URL('../../scripts/overload_trainers.py', import.meta.url));
  const asked = JSON.stringify({ address, run: 'good', epochs, stride });
  const child = spawn(process.env.TRIBUTARY_PYTHON ?? '/usr/bin/python3', [program, asked], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async counts() {
      child.stdin.write('\n');
      const { value, done } = await lines.next();
      if (done) throw new Error('the trainers of a process have ended');
      return JSON.parse(value) as number[];
    },
    cpu: () => cpuOf(child.pid!),
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Seconds of the cores that a process and those which it has started have taken. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  );
  return children.reduce((sum, child) => sum + cpuOf(child), (Number(fields[11]) + Number(fields[12])) / 100);
}

async function reading(server: ServerProcess, crowd: Crowd) {
  const metrics = await metricsText(server);
  const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? 0);
  return {
    at: performance.now() / 1000,
    made: metric('tributary_samples_total\\{result="ok"\\}'),
    replicaCpu: metric('process_cpu_seconds_total'),
    crowdCpu: crowd.cpu(),
    counts: await crowd.counts(),
  };
}

const processors = availableParallelism();

/** Keeps this process, and what it starts from now on, on these processors, where the replica is to be apart. */
function stayOn(these: string): void {
  if (values.apart) execFileSync('taskset', ['-a', '-p', '-c', these, `${process.pid}`]);
}

/** A trainer that has got nothing by then is left out of account, and told. */
const mostWarmUp = 60;

/** The longest that a trainer was without a batch within the time that is measured, in seconds. */
async function watch(crowd: Crowd, before: readonly number[]): Promise<number> {
  const begun = performance.now();
  const end = begun + Number(values.seconds) * 1000;
  const last = before.map((count) => ({ count, at: begun }));
  let longest = 0;
  for (let now = begun; now < end; ) {
    await wait(250);
    const counts = await crowd.counts();
    now = performance.now();
    for (const [i, trainer] of last.entries()) {
      longest = Math.max(longest, now - trainer.at);
      if (counts[i]! > trainer.count) last[i] = { count: counts[i]!, at: now };
    }
  }
  return longest / 1000;
}

async function measure(client: string, trainers: number) {
  stayOn('0');
  const server = await startWatched(folder, ['--memory', '256MiB']);
  stayOn(`1-${processors - 1}`);
  const crowd = crowds[client]!(server.address, trainers);
  try {
    const start = performance.now();
    let warmUp = 0;
    do {
      await wait(250);
      warmUp = (performance.now() - start) / 1000;
    } while (warmUp < mostWarmUp && (await crowd.counts()).includes(0));
    const before = await reading(server, crowd);
    const longestWait = await watch(crowd, before.counts);
    const after = await reading(server, crowd);
    const seconds = after.at - before.at;
    const got = after.counts.map((count, i) => count - before.counts[i]!);
    return {
      warmUp,
      longestWait,
      made: (after.made - before.made) / seconds,
      delivered: got.reduce((a, b) => a + b, 0) / seconds,
      served: got.filter((count) => count > 0).length,
      replicaCpu: (after.replicaCpu - before.replicaCpu) / seconds,
      crowdCpu: (after.crowdCpu - before.crowdCpu) / seconds,
    };
  } finally {
    await crowd.stop();
    await server.stop('SIGKILL');
  }
}

const clients = values.client.split(',');
const unknown = clients.find((client) => !(client in crowds));
if (unknown !== undefined) throw new Error(`--client ${unknown}: of ${Object.keys(crowds).join(', ')}`);
const numbers = values.trainers.split(',').map(Number);
const folder = await mkdtemp(join(tmpdir(), 'tributary-overload-'));
try {
  await assaultFolder(folder);
  // One after the other within a round, so that what else the machine does falls on all.
  const rows = numbers.flatMap((trainers) =>
    clients.map((client) => ({ client, trainers, rounds: [] as Awaited<ReturnType<typeof measure>>[] })),
  );
  for (let round = 0; round < Number(values.rounds); round++)
    for (const row of rows) {
      const measured = await measure(row.client, row.trainers);
      process.stderr.write(`${JSON.stringify({ round, ...row, rounds: undefined, ...measured })}\n`);
      row.rounds.push(measured);
    }
  process.stdout.write(
    "| client | trainers | warm-up, s | made, 1/s | delivered, 1/s | of what was made | trainers that got any | longest wait, s | cores of the replica | cores of the trainers | made in a second of the replica's cores |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
  );
  for (const { client, trainers, rounds } of rows) {
    const sorted = rounds.sort((a, b) => a.delivered - b.delivered);
    const { warmUp, longestWait, made, delivered, served, replicaCpu, crowdCpu } = sorted[(sorted.length - 1) >> 1]!;
    const share = `${((100 * delivered) / made).toFixed(0)} %`;
    const cores = [replicaCpu.toFixed(2), crowdCpu.toFixed(2), (made / replicaCpu).toFixed(0)];
    const cells = [
      client,
      trainers,
      warmUp.toFixed(1),
      made.toFixed(0),
      delivered.toFixed(0),
      share,
      served,
      longestWait.toFixed(1),
      ...cores,
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
