import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { Loader } from '../src/client/loader.js';
import { Schedule } from '../src/client/schedule-client.js';
import { TributaryError } from '../src/errors.js';
import { attacks } from './assault/attacks.js';
import type { LoopDelay } from './assault/event-loop-delay.js';
import { makeSampleSet } from './make-sample-set.js';
import { ended, metricsText, type ServerProcess, startServer, tributary } from './server-process.js';

// What a good client is left with while another attacks: node dist/scripts/assault.js [--seconds 10] [--only NAME]...
// A table for docs/guarantees.md; ends with 1 where a share is below 70 % of what is fair.

const run = { recipe: 'dinov3', sources: ['many'], epochs: 1000 };
/** Names that the source has: a few pictures under many, so that an epoch outlasts an attack. */
const names = 8_000;

/** The runs that the attacks name, and what every attack needs. */
export const assaultConfig = {
  sources: { many: './many' },
  inline_runs: true,
  runs: {
    good: { ...run, image_size: 224, global_batch: 16 },
    tiny: { ...run, image_size: 9, global_batch: 1 },
    wide: { ...run, image_size: 2048, global_batch: 1 },
  },
};

const here = (name: string): string => fileURLToPath(new URL(`./assault/${name}.js`, import.meta.url));

/** A server whose event loop is watched. */
export interface Watched extends ServerProcess {
  /** Its delays since this was last called. */
  delay(): Promise<LoopDelay>;
}

/** Starts a server of `assaultConfig` in a folder with the sample set. */
export async function startWatched(
  folder: string,
  args: readonly string[],
  onSpawn?: (child: ChildProcess) => void,
  command: 'serve' | 'schedule' = 'serve',
): Promise<Watched> {
  const file = join(folder, 'delay.json');
  const config = join(folder, 'tributary.yaml');
  const server = await startServer(
    command,
    ['--config', config, '--metrics-listen', '127.0.0.1:0', '--log-level', 'info', ...args],
    {
      env: { NODE_OPTIONS: `--import=${pathToFileURL(here('event-loop-delay')).href}`, TRIBUTARY_LOOP_DELAY: file },
      ...(onSpawn && { onSpawn }),
    },
  );
  return {
    ...server,
    async delay() {
      rmSync(file, { force: true });
      server.process.kill('SIGUSR2');
      while (!existsSync(file) || readFileSync(file, 'utf8') === '') await wait(10);
      return JSON.parse(readFileSync(file, 'utf8')) as LoopDelay;
    },
  };
}

/** Makes and indexes what the attacks are about. */
export async function assaultFolder(folder: string): Promise<void> {
  await makeSampleSet(join(folder, 'seven'), 28);
  const found = await pictures(join(folder, 'seven'));
  await mkdir(join(folder, 'many'));
  for (let name = 0; name < names; name++) await link(found[name % found.length]!, join(folder, 'many', `${name}.jpg`));
  await writeFile(join(folder, 'tributary.yaml'), stringify(assaultConfig));
  const { code, stderr } = await tributary(['index', '--config', join(folder, 'tributary.yaml')]);
  if (code !== 0) throw new Error(stderr);
}

/** The JPEG files in a folder and below. */
async function pictures(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((name) => name.endsWith('.jpg')).map((name) => join(folder, name));
}

/** Images a second that a good client gets, over so many seconds after its first batch, for which it waits half a minute. */
export async function goodRate(address: string, seconds: number): Promise<number> {
  const loader = await Loader.connect({ address, run: { name: 'good' } });
  let images = 0;
  let since = 0;
  let timer = setTimeout(() => loader.close(), 30_000);
  try {
    for await (const { header } of loader.batches(Math.floor(Math.random() * 1000))) {
      if (since > 0) images += header.samples.length;
      else {
        since = performance.now();
        clearTimeout(timer);
        timer = setTimeout(() => loader.close(), seconds * 1000);
      }
    }
    throw new Error('the epoch is shorter than the measurement');
  } catch (error) {
    if (!(error instanceof TributaryError) || error.reason !== 'STREAM_CANCELLED') throw error;
    return since === 0 ? 0 : (images * 1000) / (performance.now() - since);
  } finally {
    clearTimeout(timer);
    loader.close();
  }
}

/** Answers a second that a good client of the schedule endpoint gets, one after the other, over so many seconds. */
export async function goodAnswers(address: string, seconds: number): Promise<number> {
  const schedule = await Schedule.connect({ address, run: { name: 'good' } });
  const since = performance.now();
  let answers = 0;
  while (performance.now() - since < seconds * 1000) {
    await schedule.epoch(answers % 1000, '');
    answers++;
  }
  schedule.close();
  return (answers * 1000) / (performance.now() - since);
}

/** What an attack is at, and how a good client of that does. */
export function attacked(name: string): { command: 'serve' | 'schedule'; rate: typeof goodRate } {
  return name.startsWith('schedules')
    ? { command: 'schedule', rate: goodAnswers }
    : { command: 'serve', rate: goodRate };
}

/** Attacks a server from another address until it is ended. */
export async function attack(server: ServerProcess, name: string): Promise<ChildProcess> {
  const child = fork(here('attacker'), [server.address.split(':')[1]!, name]);
  await new Promise((resolve) => child.once('message', resolve));
  return child;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '10' }, only: { type: 'string', multiple: true } },
  });
  const seconds = Number(values.seconds);
  const names = Object.keys(attacks).filter((name) => values.only?.includes(name) ?? true);
  const folder = await mkdtemp(join(tmpdir(), 'tributary-assault-'));
  let worst = Number.POSITIVE_INFINITY;
  try {
    await assaultFolder(folder);
    process.stdout.write(
      '| attack | alone, images (schedules: answers)/s | attacked | of the fair share | event loop p99.9 alone, ms | attacked, ms | max, ms | resident, MiB |\n|---|---|---|---|---|---|---|---|\n',
    );
    for (const name of names) {
      const { command, rate } = attacked(name);
      const server = await startWatched(folder, [], undefined, command);
      try {
        await rate(server.address, 2);
        await server.delay();
        const alone = await rate(server.address, seconds / 2);
        const before = await server.delay();
        const attacker = await attack(server, name);
        await wait(500);
        await server.delay();
        const left = await rate(server.address, seconds);
        const { p999, max } = await server.delay();
        const resident =
          Number(/^process_resident_memory_bytes (\S+)$/m.exec(await metricsText(server))?.[1]) / 2 ** 20;
        attacker.kill('SIGKILL');
        await ended(attacker);
        const share = left / (alone / 2);
        worst = Math.min(worst, share);
        const cells = [
          name,
          alone.toFixed(0),
          left.toFixed(0),
          `${(share * 100).toFixed(0)} %`,
          before.p999.toFixed(0),
        ];
        process.stdout.write(`| ${[...cells, p999.toFixed(0), max.toFixed(0), resident.toFixed(0)].join(' | ')} |\n`);
      } finally {
        await server.stop('SIGKILL');
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (worst < 0.7) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
