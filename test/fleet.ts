import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { makeSampleSet } from '../scripts/make-sample-set.js';
import {
  ended,
  metricsText,
  type ServerProcess,
  type StartOptions,
  startServer as start,
  tributary,
} from '../scripts/server-process.js';

export { type ServerProcess, tributary } from '../scripts/server-process.js';

/** Starts `tributary serve` or `tributary schedule` and waits until it serves. It ends with the test at the latest. */
export function startServer(
  t: TestContext,
  command: 'serve' | 'schedule',
  args: readonly string[],
  options: StartOptions = {},
): Promise<ServerProcess> {
  const onSpawn = (child: ChildProcess): void =>
    t.after(async () => {
      child.kill('SIGKILL');
      await ended(child);
    });
  return start(command, args, { ...options, onSpawn });
}

/** A folder that goes with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Drawn and indexed once a process, by the number of images, and shared by its tests. */
const sampleSets = new Map<number, Promise<string>>();

/** A copy of the sample set of seven sources, indexed, with a config of these runs. Returns the config's path. */
export async function indexedSamples(t: TestContext, runs: Record<string, object> = {}, images = 56): Promise<string> {
  const set = sampleSets.get(images) ?? drawAndIndex(images);
  sampleSets.set(images, set);
  const folder = join(await temporaryFolder(t), 'seven');
  await cp(await set, folder, { recursive: true, preserveTimestamps: true });
  const config = join(folder, 'tributary.yaml');
  await writeFile(config, stringify({ ...sevenSources(), runs: { seven: sevenRun(), ...runs } }));
  return config;
}

async function drawAndIndex(images: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-samples-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await makeSampleSet(folder, images);
  const config = join(folder, 'tributary.yaml');
  // Of both splits.
  const runs = { seven: sevenRun(), validation: sevenRun({ split: 'val', sources: ['imagenet', 'coco'] }) };
  await writeFile(config, stringify({ ...sevenSources(), runs }));
  const { code, stderr } = await tributary(['index', '--config', config]);
  if (code !== 0) throw new Error(stderr);
  return folder;
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

/** What a replica's metric says now; the first of its lines where it has several. */
export async function metric(server: ServerProcess, name: string): Promise<number> {
  const line = (await metricsText(server)).split('\n').find((candidate) => candidate.startsWith(name));
  if (line === undefined) throw new Error(`expected a metric ${name}, but the replica has none`);
  return Number(line.split(' ').at(-1));
}
