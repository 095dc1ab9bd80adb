/**
 * Measures the memory of a replica and of a client: `node dist/scripts/measure-memory.js stall|streams|views [memory] [workers]`.
 *
 * stall: a client takes one batch and then nothing for a minute, four streams open. streams: 16 streams of batches of 8
 * at 518 pixels from 20-megapixel photographs, all read at once for two minutes. views: the same with batches of 64 samples of ten
 * views, from photographs of 500 x 375. All print the resident memory every 5 s, of the replica (`--memory`, 256MiB, and 1GiB for
 * views) and of the client, and their peaks. Environment, MALLOC_ARENA_MAX and LD_PRELOAD
 * say, is passed on to the replica. Everything is made in a temporary folder and deleted.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { Loader } from '../src/client/loader.js';
import { main, type ServerProcess, startServer } from './server-process.js';

const [
  what = 'stall',
  memory = what === 'views' ? '1GiB' : '256MiB',
  workers = '2',
  length = what === 'stall' ? '60' : '120',
] = process.argv.slice(2);
const photographs =
  what === 'views' ? { count: 128, width: 500, height: 375 } : { count: 32, width: 5472, height: 3648 };
const run =
  what === 'views'
    ? { recipe: 'dinov3_vitl', global_batch: 64, global_masks: { patch: 16 } }
    : { recipe: 'dinov3', image_size: 518, global_batch: 8 };
const folder = await mkdtemp(join(tmpdir(), 'tributary-memory-'));
let replica: ServerProcess | undefined;
try {
  const config = await makeSource();
  const server = await startReplica(config);
  replica = server;
  const { address } = server;
  const peaks = { replica: 0, client: 0 };
  const watch = async (label: string): Promise<void> => {
    const now = { replica: resident(server.process.pid!), client: resident(process.pid) };
    peaks.replica = Math.max(peaks.replica, now.replica);
    peaks.client = Math.max(peaks.client, now.client);
    if (label !== '')
      console.log(`${label.padStart(8)}  replica ${now.replica.toFixed(0)} MiB  client ${now.client.toFixed(0)} MiB`);
  };
  await watch('idle');
  const end = performance.now() + Number(length) * 1000;
  const streams = what === 'stall' ? 4 : 16;
  const loaders = await Promise.all(
    Array.from({ length: streams }, () =>
      Loader.connect({ address, run: { name: 'large' }, lanes: 1, budgetBytes: 1, patience: 600 }),
    ),
  );
  let taken = 0;
  const readers = loaders.map(async (loader, stream) => {
    for (let epoch = stream; performance.now() < end; epoch += streams)
      for await (const { header } of loader.batches(epoch)) {
        taken += header.samples.length;
        if (what === 'stall') await pause(Math.max(0, end - performance.now()));
        if (performance.now() >= end) break;
      }
  });
  for (let second = 0; performance.now() < end; second++) {
    await pause(1_000);
    await watch(second % 5 === 4 ? `${second + 1} s` : '');
  }
  await Promise.all(readers);
  await pause(2_000);
  await watch('left');
  console.log(
    `${what}: --memory ${memory}, ${workers} worker threads, ${streams} streams, ${taken} images: ` +
      `peak of the replica ${peaks.replica.toFixed(0)} MiB, of the client ${peaks.client.toFixed(0)} MiB`,
  );
  for (const loader of loaders) loader.close();
} finally {
  await replica?.stop('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

/** Photographs of smooth noise, so that files are of a camera's size. */
async function makeSource(): Promise<string> {
  await mkdir(join(folder, 'images'));
  const { count, width, height } = photographs;
  for (let i = 0; i < count; i++) {
    const noise = { type: 'gaussian' as const, mean: 100 + i, sigma: 40 };
    const small = sharp({
      create: { width: width >> 3, height: height >> 3, channels: 3, background: 'black', noise },
    });
    const large = sharp(await small.png().toBuffer())
      .resize(width, height)
      .jpeg({ quality: 90 });
    await writeFile(join(folder, 'images', `${i}.jpg`), await large.toBuffer());
  }
  const config = join(folder, 'tributary.yaml');
  const large = { ...run, sources: ['images'], seed: 1, epochs: 1000 };
  await writeFile(config, stringify({ sources: { images: './images' }, runs: { large } }));
  execFileSync(process.execPath, [main, 'index', '--config', config], { stdio: 'ignore' });
  return config;
}

function startReplica(config: string): Promise<ServerProcess> {
  return startServer('serve', ['--config', config, '--workers', workers, '--memory', memory, '--backend', 'simd']);
}

/** Resident memory of a process, MiB. */
function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}
