import { spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Loader } from '../src/client/loader.js';
import { TributaryError } from '../src/errors.js';
import { assaultFolder, startWatched } from './assault.js';
import { metricsText, type ServerProcess } from './server-process.js';

// What becomes of a replica's work where too many trainers ask: node dist/scripts/measure-overload.js [--seconds 20] [--trainers 1,4,16,64]
// [--client typescript|python]. A row for each number of trainers: samples made and delivered in the time, and how many trainers got any.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    trainers: { type: 'string', default: '1,4,16,64' },
    client: { type: 'string', default: 'typescript' },
  },
});

/** Reads until it is told to stop; counts what came. Each trainer reads epochs of its own, so that nothing is shared. */
async function train(address: string, epoch: number, stop: AbortSignal): Promise<number> {
  const loader = await Loader.connect({ address, run: { name: 'good' } });
  stop.addEventListener('abort', () => loader.close(), { once: true });
  let samples = 0;
  try {
    for await (const { header } of loader.batches(epoch)) samples += header.samples.length;
  } catch (error) {
    if (!(error instanceof TributaryError) || error.reason !== 'STREAM_CANCELLED') throw error;
  }
  return samples;
}

/** Trainers of a client, each in its epoch, until `stop` says so; how many samples each has got by then. */
type Crowd = (address: string, epochs: readonly number[], stop: AbortSignal) => Promise<number[]>;

const crowds: Readonly<Record<string, Crowd>> = {
  typescript: (address, epochs, stop) => Promise.all(epochs.map((epoch) => train(address, epoch, stop))),
  async python(address, epochs, stop) {
    const shares = Array.from({ length: Math.ceil(epochs.length / trainersPerProcess) }, (_, i) =>
      epochs.slice(i * trainersPerProcess, (i + 1) * trainersPerProcess),
    );
    return (await Promise.all(shares.map((share) => pythonTrainers(address, share, stop)))).flat();
  },
};

/** Sixty-four interpreters would take the cores that are to be measured. */
const trainersPerProcess = 8;

async function pythonTrainers(address: string, epochs: readonly number[], stop: AbortSignal): Promise<number[]> {
  const program = fileURLToPath(new URL('../../scripts/overload_trainers.py', import.meta.url));
  const asked = JSON.stringify({ address, run: 'good', epochs });
  const child = spawn(process.env.TRIBUTARY_PYTHON ?? '/usr/bin/python3', [program, asked], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stop.addEventListener('abort', () => child.stdin.end('\n'), { once: true });
  return JSON.parse(await text(child.stdout)) as number[];
}

async function made(server: ServerProcess): Promise<number> {
  return Number(/^tributary_samples_total\{result="ok"\} (\S+)$/m.exec(await metricsText(server))?.[1] ?? 0);
}

const crowd = crowds[values.client];
if (crowd === undefined) throw new Error(`--client is one of ${Object.keys(crowds).join(', ')}`);

const folder = await mkdtemp(join(tmpdir(), 'tributary-overload-'));
try {
  await assaultFolder(folder);
  process.stdout.write(
    '| trainers | made | delivered | of what was made | trainers that got any |\n|---|---|---|---|---|\n',
  );
  for (const trainers of values.trainers.split(',').map(Number)) {
    const server = await startWatched(folder, ['--memory', '256MiB']);
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const epochs = Array.from({ length: trainers }, (_, epoch) => epoch);
    const reading = crowd(server.address, epochs, stop.signal);
    await wait(Number(values.seconds) * 1000);
    stop.abort();
    const got = await reading;
    const samples = await made(server);
    await server.stop('SIGKILL');
    const delivered = got.reduce((a, b) => a + b, 0);
    const cells = [trainers, samples, delivered, `${((100 * delivered) / samples).toFixed(0)} %`];
    process.stdout.write(`| ${[...cells, got.filter((count) => count > 0).length].join(' | ')} |\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
