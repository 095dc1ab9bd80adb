/**
 * Measures what each cache gains on a slow storage: `node dist/scripts/measure-caches.js [ms] [images] [rounds]`.
 *
 * Every read of a source's file takes `ms` (50) longer (scripts/slow-reads.c, compiled on the spot with cc); the cache folder
 * is as fast as the disk is. A replica streams epochs of 224 x 224 pixels, recipe dinov3, of 500 x 375 files (`images`,
 * 512): the first with empty caches, the second with what the first has left, and for the disk one more after a restart.
 * The settings take turns for `rounds` (3) and medians count. CPU is the replica's own, for each image of the warm epoch;
 * memory is its resident memory after it, less that of the same replica without caches. Everything is made in a temporary
 * folder and deleted.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Loader } from '../src/client/loader.js';
import { drawPictures } from './bench/pictures.js';
import { main, type ServerProcess, startServer } from './server-process.js';

const [milliseconds = 50, images = 512, rounds = 3] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), 'tributary-caches-'));
const cacheFolder = join(folder, 'cache');
const disk = ['--cache-folder', cacheFolder, '--cache-disk', '1GiB'];
const settings: Readonly<Record<string, readonly string[]>> = {
  'no cache': [],
  '--cache-memory 256MiB': ['--cache-memory', '256MiB'],
  '--cache-memory 20MiB': ['--cache-memory', '20MiB'],
  '--cache-disk 1GiB': disk,
  '--cache-disk 1GiB, restarted': disk,
  '--cache-decoded 512MiB': ['--cache-decoded', '512MiB'],
};

interface Figures {
  readonly cold: number;
  readonly warm: number;
  readonly cpuMilliseconds: number;
  readonly mebibytes: number;
}

let server: ServerProcess | undefined;
try {
  const { config, bytes } = await makeSource();
  const library = join(folder, 'slow-reads.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, 'scripts/slow-reads.c', '-ldl'], { stdio: 'inherit' });
  const all = new Map<string, Figures[]>(Object.keys(settings).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    await rm(cacheFolder, { recursive: true, force: true });
    for (const [name, flags] of Object.entries(settings)) all.get(name)!.push(await measure(config, library, flags));
  }
  const median = (name: string, figure: keyof Figures): number =>
    all
      .get(name)!
      .map((figures) => figures[figure])
      .sort((a, b) => a - b)[rounds >> 1]!;
  const machine = `${cpus()[0]!.model}, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}`;
  console.log(`${machine}; ${images} files of ${(bytes / images / 1000).toFixed(0)} kB, ${milliseconds} ms a read`);
  console.log('| flags | first epoch, images/s | second epoch, images/s | CPU of an image | memory |');
  console.log('|---|---|---|---|---|');
  for (const name of Object.keys(settings)) {
    const memory = median(name, 'mebibytes') - median('no cache', 'mebibytes');
    console.log(
      `| ${name} | ${median(name, 'cold').toFixed(0)} | ${median(name, 'warm').toFixed(0)} | ${median(name, 'cpuMilliseconds').toFixed(1)} ms | ${memory.toFixed(0)} MiB |`,
    );
  }
} finally {
  await server?.stop('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

async function makeSource(): Promise<{ config: string; bytes: number }> {
  await mkdir(join(folder, 'images'));
  const draw = await drawPictures({ width: 500, height: 375 });
  let bytes = 0;
  for (let i = 0; i < images; i++) {
    const file = await draw(i);
    bytes += file.length;
    await writeFile(join(folder, 'images', `${i}.jpg`), file);
  }
  const config = join(folder, 'tributary.yaml');
  const run = { recipe: 'dinov3', sources: ['images'], seed: 1, image_size: 224, global_batch: 32, epochs: 10 };
  await writeFile(config, stringify({ sources: { images: './images' }, runs: { caches: run } }));
  execFileSync(process.execPath, [main, 'index', '--config', config], { stdio: 'ignore' });
  return { config, bytes };
}

/** A replica's life: a cold epoch and a warm one. */
async function measure(config: string, library: string, flags: readonly string[]): Promise<Figures> {
  // No room to keep finished batches, so that every epoch is made.
  const args = ['--config', config, '--memory', '64MiB', '--backend', 'simd', ...flags];
  const env = {
    LD_PRELOAD: library,
    SLOW_READS_FOLDER: join(folder, 'images'),
    SLOW_READS_MS: String(milliseconds),
  };
  const replica = await startServer('serve', args, { env });
  server = replica;
  const pid = replica.process.pid!;
  const loader = await Loader.connect({ address: replica.address, run: { name: 'caches' } });
  try {
    // One batch of another epoch, so that the kernels are compiled; it is not what either epoch is slowed by.
    for await (const _ of loader.batches(9, 0, 1));
    const cold = await epoch(loader, 0);
    const before = cpuSeconds(pid);
    const warm = await epoch(loader, 1);
    const cpuMilliseconds = ((cpuSeconds(pid) - before) * 1000) / images;
    return { cold, warm, cpuMilliseconds, mebibytes: residentMebibytes(pid) };
  } finally {
    loader.close();
    await replica.stop();
  }
}

async function epoch(loader: Loader, which: number): Promise<number> {
  const start = performance.now();
  for await (const _ of loader.batches(which));
  return images / ((performance.now() - start) / 1000);
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  // User and system time, in hundredths of a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMebibytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}
