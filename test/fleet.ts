import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { makeSampleSet } from '../scripts/make-sample-set.js';

const main = fileURLToPath(new URL('../src/cli/main.cjs', import.meta.url));

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tributary` with these arguments to its end. */
export async function tributary(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const code = await ended(child);
  return { code, stdout: await stdout, stderr: await stderr };
}

/** A server process of the real command line. */
export interface ServerProcess {
  readonly address: string;
  readonly process: ChildProcess;
  /** Port of the metrics over HTTP. */
  readonly metricsPort: number | null;
  /** The log so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `tributary serve` or `tributary schedule` and waits until it serves. It ends with the test at the latest. */
export async function startServer(
  t: TestContext,
  command: 'serve' | 'schedule',
  args: readonly string[],
  {
    listen = '127.0.0.1:0',
    env = {},
    via = [],
  }: { listen?: string; env?: NodeJS.ProcessEnv /** What the command starts with. */; via?: readonly string[] } = {},
): Promise<ServerProcess> {
  const [program, ...rest] = [...via, process.execPath, main, command, '--listen', listen, ...args];
  const child = spawn(program!, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended(child);
  });
  const log: Record<string, unknown>[] = [];
  const stderr = collect(child, 'stderr');
  return new Promise((resolve, reject) => {
    child.once('exit', async (code) => reject(new Error(`${command} ended with ${code}: ${await stderr}`)));
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      log.push(line);
      if (line.msg !== 'serving') return;
      resolve({
        address: `${listen.slice(0, listen.lastIndexOf(':'))}:${line.port as number}`,
        process: child,
        metricsPort: line.metricsPort as number | null,
        log,
        stop: (signal = 'SIGTERM') => {
          child.kill(signal);
          return ended(child);
        },
      });
    });
  });
}

/** A folder that goes with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Drawn once a process, and shared by its tests. */
let sampleSet: Promise<string> | null = null;

/** A copy of the sample set of seven sources, indexed, with a config of these runs. Returns the config's path. */
export async function indexedSamples(t: TestContext, runs: Record<string, object> = {}, images = 56): Promise<string> {
  sampleSet ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-samples-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    await makeSampleSet(folder, images);
    return folder;
  })();
  const folder = join(await temporaryFolder(t), 'seven');
  await cp(await sampleSet, folder, { recursive: true, preserveTimestamps: true });
  const config = join(folder, 'tributary.yaml');
  const { sources } = sevenSources();
  await writeFile(config, stringify({ sources, runs: { seven: sevenRun(), ...runs } }));
  const { code, stderr } = await tributary(['index', '--config', config]);
  if (code !== 0) throw new Error(stderr);
  return config;
}

/** The sources of the sample set, as a config names them. */
export function sevenSources(): { sources: Record<string, string> } {
  return {
    sources: {
      imagenet: './imagenet',
      coco: './coco',
      objects365: './objects365/images/train',
      gqa: './gqa/paired/train',
      flickr: './flickr/paired/train',
      dota: './dota/paired/train',
      datacomp: './datacomp',
    },
  };
}

/** A small run over all seven. */
export function sevenRun(more: object = {}): Record<string, unknown> {
  return {
    recipe: 'dinov3',
    sources: Object.keys(sevenSources().sources),
    sample_t: 0.5,
    seed: 7,
    image_size: 64,
    global_batch: 8,
    epochs: 3,
    wd_end: 0.2,
    ...more,
  };
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): Promise<string> {
  let text = '';
  child[stream]!.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return new Promise((resolve) => child[stream]!.once('close', () => resolve(text)));
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

/** What a replica's metric says now; the first of its lines where it has several. */
export async function metric({ metricsPort }: ServerProcess, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(name));
  if (line === undefined) throw new Error(`expected a metric ${name}, but the replica has none`);
  return Number(line.split(' ').at(-1));
}
