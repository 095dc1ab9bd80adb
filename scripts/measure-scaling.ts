/**
 * Measures how throughput grows with replicas while storage is far away, with both clients as they are without any setting:
 * `node dist/scripts/measure-scaling.js [ms] [rounds]`.
 *
 * Every read of an image takes `ms` (50) longer, in every replica (scripts/slow-reads.c, compiled on the spot with cc). A
 * trainer streams epochs of 32 x 32 pixels from 1, 2, 4 and 8 replicas in turn, `rounds` (3) times; the medians count. Small
 * images, so that a machine of 2 cores is not the limit. Everything is made in a temporary folder and deleted.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { Loader } from '../src/client/loader.js';
import { median } from './bench/statistics.js';
import { main, type ServerProcess, startServer } from './server-process.js';
import { python } from './torchvision-process.js';

const [milliseconds = 50, rounds = 3] = process.argv.slice(2).map(Number);
const counts = [1, 2, 4, 8];
/** Images of the source, and of a batch. */
const [images, batch] = [8192, 16];
/** Seconds that one figure is measured for, and those before, in which connections are made and lanes are spread. */
const [seconds, warmUp] = [10, 4];

const folder = await mkdtemp(join(tmpdir(), 'tributary-scaling-'));
const replicas: ServerProcess[] = [];
try {
  const config = await makeSource();
  const library = join(folder, 'slow-reads.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, 'scripts/slow-reads.c', '-ldl'], { stdio: 'inherit' });
  for (let i = 0; i < Math.max(...counts); i++) replicas.push(await startReplica(config, library));
  const rates = new Map<string, number[]>();
  let epoch = 0;
  for (let round = 0; round < rounds; round++)
    for (const count of counts)
      for (const [client, measure] of Object.entries({ TypeScript: ofTypeScript, Python: ofPython })) {
        const key = `${client} ${count}`;
        rates.set(key, [...(rates.get(key) ?? []), await measure(addresses(count), epoch++)]);
      }
  console.log(
    `${cpus()[0]!.model}, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}; ${milliseconds} ms a read`,
  );
  console.log('client      replicas  images/s  of linear  rounds');
  for (const client of ['TypeScript', 'Python'])
    for (const count of counts) {
      const rate = median(rates.get(`${client} ${count}`)!);
      const share = rate / median(rates.get(`${client} 1`)!) / count;
      const all = rates.get(`${client} ${count}`)!.map((each) => each.toFixed(0));
      console.log(
        `${client.padEnd(10)}  ${String(count).padStart(8)}  ${rate.toFixed(0).padStart(8)}  ${share.toFixed(2).padStart(9)}  ${all.join(' ')}`,
      );
    }
} finally {
  await Promise.all(replicas.map((replica) => replica.stop('SIGKILL')));
  await rm(folder, { recursive: true, force: true });
}

async function makeSource(): Promise<string> {
  await mkdir(join(folder, 'images'));
  for (let i = 0; i < images; i++) {
    const background = { r: i % 256, g: (i >> 4) % 256, b: 128 };
    const image = sharp({ create: { width: 64, height: 48, channels: 3, background } }).jpeg();
    await writeFile(join(folder, 'images', `${i}.jpg`), await image.toBuffer());
  }
  const config = join(folder, 'tributary.yaml');
  const run = { recipe: 'dinov3', sources: ['images'], seed: 1, image_size: 32, global_batch: batch, epochs: 1000 };
  await writeFile(config, stringify({ sources: { images: './images' }, runs: { scaling: run } }));
  execFileSync(process.execPath, [main, 'index', '--config', config], { stdio: 'ignore' });
  return config;
}

/** A replica with one worker thread, and no room to keep what it has made. */
function startReplica(config: string, library: string): Promise<ServerProcess> {
  const env = { LD_PRELOAD: library, SLOW_READS_FOLDER: join(folder, 'images'), SLOW_READS_MS: String(milliseconds) };
  return startServer('serve', ['--config', config, '--workers', '1', '--memory', '8MiB', '--backend', 'simd'], { env });
}

function addresses(count: number): string {
  return replicas
    .slice(0, count)
    .map((replica) => replica.address)
    .join(',');
}

/** Images a second of one epoch's middle. */
async function ofTypeScript(address: string, epoch: number): Promise<number> {
  const loader = await Loader.connect({ address, run: { name: 'scaling' } });
  try {
    const begun = performance.now();
    let start: number | null = null;
    let taken = 0;
    for await (const { header } of loader.batches(epoch)) {
      const now = performance.now();
      if (start !== null) taken += header.samples.length;
      else if (now - begun > warmUp * 1000) start = now;
      if (start !== null && now - start > seconds * 1000) break;
    }
    return taken / ((performance.now() - start!) / 1000);
  } finally {
    loader.close();
  }
}

async function ofPython(address: string, epoch: number): Promise<number> {
  const asked = { address, run: 'scaling', epoch, seconds, warm: warmUp, whole: false, again: false };
  const script = fileURLToPath(new URL('../../scripts/bench/python_client.py', import.meta.url));
  const { stdout } = await promisify(execFile)(python, [script, JSON.stringify(asked)]);
  const { images: taken, seconds: time } = JSON.parse(stdout.trim().split('\n').at(-1)!);
  return taken / time;
}
