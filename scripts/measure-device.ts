/**
 * What a GPU is worth on this host, in at most eight minutes and without a network; started by scripts/measure-device.sh.
 *
 *     scripts/measure-device.sh [--seconds 4] [--batch 256] [--folder JPEGS] [--only PARTS] [--out FOLDER] [--train-on cpu]
 *
 * Prints a line for each figure, or "not here: why"; FOLDER/measure-device.json holds them all. Files are drawn unless a folder of
 * JPEGs is given. Parts: machine, bytes, torchvision, ceiling, streams, replicas, dataloaders, training.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { stringify } from 'yaml';
import { probeDevice } from '../src/augment/gpu/device-probe.js';
import { Loader } from '../src/client/loader.js';
import { benchRecipe } from './bench/bench-recipes.js';
import { imageSize, makeFileSet, ownFileSet } from './bench/dataset.js';
import { usageOf } from './bench/process-usage.js';
import { ended, type ServerProcess, startServer, tributary } from './server-process.js';
import { python } from './torchvision-process.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    batch: { type: 'string', default: '256' },
    folder: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string', default: 'out/measure-device' },
    'train-on': { type: 'string', default: 'cuda' },
  },
});
const out = resolve(values.out);
const [seconds, batch, cores] = [Number(values.seconds), Number(values.batch), availableParallelism()];
/** Seconds after which no part is begun any more, and those that one command may take. */
const [deadline, longest] = [420, 90];
const began = performance.now();
const figures: Record<string, unknown> = {};
const exec = promisify(execFile);
const inSources = (name: string) => fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
const built = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));

function say(name: string, text: string, figure: unknown = text): void {
  figures[name] = figure;
  process.stdout.write(`${name}: ${text}\n`);
}

/** Measures one thing, or says why that is not possible here. */
async function measured(name: string, measure: () => Promise<void>): Promise<void> {
  try {
    if (performance.now() - began > deadline * 1000) throw new Error(`${deadline} s are over`);
    await measure();
  } catch (error) {
    const { message, stderr = '' } = error as Error & { stderr?: string };
    const lines = (stderr.trim() || message).split('\n');
    // Node ends with its version, Python with the error.
    say(name, `not here: ${(lines.findLast((line) => /error/i.test(line)) ?? lines[0]!).trim().slice(0, 300)}`);
  }
}

async function run(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await exec(command, args, { timeout: longest * 1000, maxBuffer: 1 << 26 });
  return stdout.trim();
}

/** Refuses where the interpreter lacks a package. */
async function need(...packages: string[]): Promise<void> {
  for (const name of packages)
    await run(python, '-c', `import ${name}`).catch(() => {
      throw new Error(`${python} has no ${name}`);
    });
}

const wants = (part: string): boolean => values.only === undefined || values.only.split(',').includes(part);
const recipes = ['dinov3', 'default', 'crop'];

await mkdir(out, { recursive: true });
const set = values.folder
  ? await ownFileSet(join(out, 'files'), values.folder, 4)
  : await makeFileSet(join(out, 'files'), '500x375', 512);
const config = join(out, 'tributary.yaml');
const runs = recipes.map((name) => {
  const { recipe, knobs } = benchRecipe(name);
  return [name, { recipe, ...knobs, sources: ['a'], image_size: imageSize, global_batch: batch, epochs: 100_000 }];
});
await writeFile(
  config,
  stringify({ index: join(out, 'index'), sources: { a: { path: set.many } }, runs: Object.fromEntries(runs) }),
);
const indexed = await tributary(['index', '--config', config]);
if (indexed.code !== 0) throw new Error(indexed.stderr);
let epoch = 1;

/** A replica with its part of the cores, which ends with `work`. */
async function withReplicas<T>(backend: string, count: number, work: (replicas: ServerProcess[]) => Promise<T>) {
  const workers = String(Math.max(1, Math.floor(cores / count)));
  const args = ['--config', config, '--backend', backend, '--workers', workers, '--memory', '4GiB'];
  const started: ChildProcess[] = [];
  try {
    const replicas: ServerProcess[] = [];
    for (let i = 0; i < count; i++)
      replicas.push(await startServer('serve', args, { onSpawn: (child) => started.push(child) }));
    return await work(replicas);
  } finally {
    for (const child of started) child.kill('SIGKILL');
    await Promise.all(started.map(ended));
  }
}

/** The share of the time in which the GPU is busy, in percent, asked for until `end`; null where nobody tells. */
function utilisation(): { end: () => number | null } {
  const found: number[] = [];
  const query = ['--query-gpu=utilization.gpu', '--format=csv,noheader,nounits', '-lms', '500'];
  const child = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] });
  child.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => found.push(Number(line)));
  return {
    end: () => {
      child.kill();
      return found.length === 0 ? null : found.reduce((sum, value) => sum + value, 0) / found.length;
    },
  };
}

/** Streams to Python clients, each a rank of its own, and tells what came in all. */
async function stream(name: string, backend: string, recipe: string, clients: number, count = 1): Promise<void> {
  await need('grpc', 'numpy', 'google.protobuf');
  await withReplicas(backend, count, async (replicas) => {
    const address = replicas.map((replica) => replica.address).join(',');
    const used = () => replicas.reduce((sum, replica) => sum + usageOf(replica.process.pid!).all, 0);
    let before: { at: number; cpu: number; gpu: ReturnType<typeof utilisation> } | undefined;
    let after: { at: number; cpu: number; gpu: number | null } | undefined;
    const rates = Array.from({ length: clients }, async (_, rank) => {
      const options = { rank, world_size: clients };
      const asked = { address, run: recipe, epoch, seconds, warm: 3, whole: false, again: false, options };
      const child = spawn(python, [inSources('bench/python_client.py'), JSON.stringify(asked)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: longest * 1000,
      });
      let rate = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const event = JSON.parse(line) as { event: string; images: number; seconds: number };
        if (event.event === 'begin') before ??= { at: performance.now(), cpu: used(), gpu: utilisation() };
        else {
          after ??= { at: performance.now(), cpu: used(), gpu: before!.gpu.end() };
          rate = event.images / event.seconds;
        }
      }
      if ((await ended(child)) !== 0 || rate === 0) throw new Error('a client ended early');
      return rate;
    });
    epoch += 100;
    const settled = await Promise.allSettled(rates);
    before?.gpu.end();
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed || !before || !after) throw failed?.reason ?? new Error('no client began');
    const imagesPerSecond = settled.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value : 0), 0);
    const busy = (after.cpu - before.cpu) / ((after.at - before.at) / 1000);
    const { gpu } = after;
    const text = `${imagesPerSecond.toFixed(0)} images/s, ${busy.toFixed(1)} cores of replicas busy`;
    say(name, gpu === null ? text : `${text}, GPU ${gpu.toFixed(0)} %`, { imagesPerSecond, busy, gpu });
  });
}

/** CRC-32 of some batches, by one backend. */
function checksums(backend: string, recipe: string, steps: number): Promise<number[]> {
  return withReplicas(backend, 1, async ([replica]) => {
    const loader = await Loader.connect({ address: replica!.address, run: { name: recipe } });
    const found: number[] = [];
    try {
      for await (const { crc32 } of loader.batches(0, 0, steps)) found.push(crc32);
    } finally {
      loader.close();
    }
    return found;
  });
}

if (wants('machine')) {
  say('cores', `${cores} of ${cpus()[0]!.model}, Node ${process.version}`);
  await measured('GPU', async () => say('GPU', await run('nvidia-smi', '-L')));
  await measured('Python', async () => {
    const names = ['torch', 'torchvision', 'grpc', 'google.protobuf', 'numpy', 'cv2'];
    const told = `import importlib, sys; print(sys.version.split()[0], end="")
for name in ${JSON.stringify(names)}:
    try: print(f", {name} {importlib.import_module(name).__version__}", end="")
    except ImportError: print(f", no {name}", end="")`;
    say('Python', await run(python, '-c', told));
  });
  await measured('adapter', async () => {
    const found = await probeDevice();
    if ('missing' in found) throw new Error(found.missing);
    say('adapter', JSON.stringify(found));
  });
}
if (wants('bytes')) {
  await measured('device', async () =>
    say('device', await run(process.execPath, built('bench-backends.js'), 'webgpu')),
  );
  const steps = Math.max(2, Math.min(30, set.count / batch));
  for (const recipe of recipes.slice(0, 2)) {
    const simd = await checksums('simd', recipe, steps);
    for (const backend of ['webgpu', 'auto'])
      await measured(`bytes of ${backend}, ${recipe}`, async () => {
        const others = await checksums(backend, recipe, steps);
        const equal = simd.filter((crc, step) => crc === others[step]).length;
        say(`bytes of ${backend}, ${recipe}`, `${equal} of ${simd.length} batches of ${batch} equal simd's`);
      });
  }
}
if (wants('torchvision'))
  await measured('torchvision', async () => {
    await need('torchvision');
    const compare = [built('compare-torchvision.js'), '--samples', '1000', '--images', set.once];
    say('torchvision', await run(process.execPath, ...compare));
  });
if (wants('ceiling'))
  await measured('libjpeg-turbo alone, whole files', async () => {
    const asked = JSON.stringify({ folder: set.once, workers: cores, seconds });
    const { images, seconds: time } = JSON.parse(
      (await run(python, inSources('bench/turbo_decode.py'), asked)).split('\n').at(-1)!,
    );
    say('libjpeg-turbo alone, whole files', `${(images / time).toFixed(0)} images/s on ${cores} cores`, images / time);
  });
if (wants('streams'))
  for (const recipe of recipes)
    for (const backend of ['simd', 'auto', 'webgpu'])
      for (const clients of recipe === 'dinov3' ? [1, 4] : [1]) {
        const name = `${recipe}, ${backend}, ${clients === 1 ? 'one client' : `${clients} clients`}`;
        await measured(name, () => stream(name, backend, recipe, clients));
      }
if (wants('replicas'))
  for (const clients of [1, 4]) {
    const name = `dinov3, four replicas on auto, ${clients === 1 ? 'one client' : `${clients} clients`}`;
    await measured(name, () => stream(name, 'auto', 'dinov3', clients, 4));
  }

const loaderOf = (feed: string, recipe: string) => ({
  ...{ folder: set.many, ...benchRecipe(recipe), size: imageSize, batch: Math.min(batch, 64), workers: cores },
  ...{ seconds, whole: false, uint8: true, opencv: feed === 'opencv' },
});
const packagesOf = { torchvision: ['torchvision'], opencv: ['torchvision', 'cv2'] };
if (wants('dataloaders'))
  for (const [feed, packages] of Object.entries(packagesOf))
    for (const recipe of ['dinov3', 'crop']) {
      const name = `${recipe}, DataLoader on ${feed}, ${cores} workers`;
      await measured(name, async () => {
        await need(...packages);
        const asked = JSON.stringify(loaderOf(feed, recipe));
        const { images, seconds: time } = JSON.parse(
          (await run(python, inSources('bench/dataloader.py'), asked)).split('\n').at(-1)!,
        );
        say(name, `${(images / time).toFixed(0)} images/s`, images / time);
      });
    }
if (wants('training'))
  for (const feed of ['synthetic', 'tributary', 'opencv', 'torchvision'] as const) {
    const name = `training step, fed by ${feed}`;
    await measured(name, async () => {
      await need('torch', ...(feed in packagesOf ? packagesOf[feed as 'opencv'] : ['torchvision']));
      const device = values['train-on'];
      if (device === 'cuda' && (await run(python, '-c', 'import torch; print(torch.cuda.is_available())')) !== 'True')
        throw new Error('torch sees no CUDA device');
      const step = async (more: object) => {
        const asked = { ...loaderOf(feed, 'dinov3'), feed, device, batch, ...more };
        const { images_per_second: rate, waiting } = JSON.parse(
          await run(python, inSources('bench/train_step.py'), JSON.stringify(asked)),
        );
        const text = `${rate.toFixed(0)} images/s, waiting for data ${(100 * waiting).toFixed(0)} % of the time`;
        say(name, `${text}, on ${device}`, { rate, waiting });
      };
      if (feed !== 'tributary') return step({});
      await withReplicas('auto', 1, ([replica]) => step({ address: replica!.address, run: 'dinov3' }));
    });
  }

await writeFile(join(out, 'measure-device.json'), `${JSON.stringify(figures, null, 2)}\n`);
process.stdout.write(`\n${((performance.now() - began) / 1000).toFixed(0)} s; ${join(out, 'measure-device.json')}\n`);
