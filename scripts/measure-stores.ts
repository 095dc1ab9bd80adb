/**
 * Measures replicas whose source lies on a web server far away against those that have it on a local disk:
 * `node dist/scripts/measure-stores.js [ms] [rounds] [seconds]` for one replica with nothing set, from tar shards and from Parquet in snappy;
 * `node dist/scripts/measure-stores.js [ms] [rounds] [seconds] 1 2 4` for so many replicas of one worker thread and small images.
 *
 * nginx is `ms` (50) away, there and back: all that passes is held up by a process between. Replicas have the first half of the cores, and
 * nginx, that process and the client the others. The medians of `rounds` (3) of some `seconds` (6) count, what is compared in turn. Everything is made in a
 * temporary folder and deleted.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parquetWriteFile } from 'hyparquet-writer';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { Loader } from '../src/client/loader.js';
import { snappyInBlocks } from '../test/sources/snappy-in-blocks.js';
import { freePort } from '../test/sources/storage/free-port.js';
import { tarOf } from '../test/sources/tree.js';
import { median } from './bench/statistics.js';
import { ended, main, type ServerProcess, startServer } from './server-process.js';

const [milliseconds = 50, rounds = 3, seconds = 6, ...counts] = process.argv.slice(2).map(Number);
/** Photographs that differ, in shards. */
const [shards, photographs, batch] = [8, 16, 64];
/** Small images where replicas are counted, so that storage is what ends, and not the cores. */
const [width, height, side] = counts.length === 0 ? [500, 375, 224] : [64, 48, 32];
/** Seconds before a figure, in which connections are made. */
const warmUp = 2;
/** Images a second that no core makes. */
const mostRate = 1500;
/** How often each photograph stands in its shard: an epoch is to outlast a figure. */
const times = Math.ceil(((warmUp + seconds) * mostRate) / (shards * photographs));
const cores = availableParallelism();
const [ofReplicas, ofOthers] = cores === 1 ? ['0', '0'] : [`0-${(cores >> 1) - 1}`, `${cores >> 1}-${cores - 1}`];

/** Rows of a group, as the `datasets` library has them. */
const rowGroupSize = 100;

const folder = await mkdtemp(join(tmpdir(), 'tributary-stores-'));
const replicas: ServerProcess[] = [];
const servers: ChildProcess[] = [];
try {
  const layouts = await makeSources();
  const far = await serve();
  execFileSync('taskset', ['-acp', ofOthers, String(process.pid)], { stdio: 'ignore' });
  const config = await makeConfig(layouts, far);
  const set = counts.length === 0 ? [] : ['--workers', '1'];
  for (let i = 0; i < Math.max(1, ...counts); i++)
    replicas.push(
      await startServer('serve', ['--config', config, ...set], { env: {}, via: ['taskset', '-c', ofReplicas] }),
    );
  const away = `${milliseconds} ms away`;
  console.log(`${cpus()[0]!.model}, ${cores} cores, load ${loadavg()[0]!.toFixed(1)}; ${away}`);
  if (counts.length > 0) await compareCounts();
  else for (const layout of layouts) await comparePlaces(layout);
} finally {
  await Promise.all(replicas.map((replica) => replica.stop('SIGKILL')));
  for (const server of servers) {
    server.kill('SIGTERM');
    await ended(server);
  }
  await rm(folder, { recursive: true, force: true });
}

async function comparePlaces(layout: string): Promise<void> {
  const figures: Record<'local' | 'far', Figure[]> = { local: [], far: [] };
  for (let round = 0; round < rounds; round++)
    for (const [i, place] of (['local', 'far'] as const).entries())
      figures[place].push(await figureOf(`${layout}-${place}`, 2 * round + i));
  for (const [place, all] of Object.entries(figures)) {
    const each = all.map(({ rate }) => rate.toFixed(0)).join(' ');
    const [rate, spent] = [median(all.map((one) => one.rate)), median(all.map((one) => one.spent))];
    console.log(`${layout}, ${place}: ${rate.toFixed(0)} images/s (${each}), ${spent.toFixed(2)} ms of CPU an image`);
  }
  const shares = figures.far.map(({ rate }, round) => rate / figures.local[round]!.rate);
  const all = shares.map((share) => share.toFixed(2)).join(' ');
  console.log(`${layout}, far / local: ${median(shares).toFixed(2)} (${all})`);
}

async function compareCounts(): Promise<void> {
  const rates = new Map<number, number[]>(counts.map((count) => [count, []]));
  for (let round = 0; round < rounds; round++)
    for (const [i, count] of counts.entries())
      rates.get(count)!.push((await figureOf('tar-far', counts.length * round + i, count)).rate);
  const one = median(rates.get(counts[0]!)!) / counts[0]!;
  for (const [count, all] of rates) {
    const rate = median(all);
    const each = all.map((figure) => figure.toFixed(0)).join(' ');
    console.log(
      `${count} replicas: ${rate.toFixed(0)} images/s, ${(rate / one / count).toFixed(2)} of linear (${each})`,
    );
  }
}

/** The same photographs in each layout. */
async function makeSources(): Promise<string[]> {
  await mkdir(join(folder, 'served', 'tar', 'shards'), { recursive: true });
  await mkdir(join(folder, 'served', 'parquet'));
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  for (let shard = 0; shard < shards; shard++) {
    const members: [string, Buffer][] = [];
    for (let i = 0; i < photographs; i++) {
      const image = sharp({
        create: { width: width / 2, height: height >> 1, channels: 3, background: 'grey', noise },
      });
      const photo = await image.resize(width, height).jpeg({ quality: 75 }).toBuffer();
      for (let time = 0; time < times; time++) members.push([`${shard}-${i}-${time}.jpg`, photo]);
    }
    await writeFile(join(folder, 'served', 'tar', 'shards', `${shard}.tar`), await tarOf(members));
    if (counts.length === 0) writeRows(join(folder, 'served', 'parquet', `${shard}.parquet`), members);
  }
  return counts.length === 0 ? ['tar', 'parquet'] : ['tar'];
}

function writeRows(filename: string, images: readonly [string, Buffer][]): void {
  const optional = { repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' } as const;
  parquetWriteFile({
    filename,
    rowGroupSize,
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
      { name: 'bytes', ...optional },
      { name: 'path', ...optional, converted_type: 'UTF8' },
    ],
    columnData: [{ name: 'image', data: images.map(([path, bytes]) => ({ bytes, path })), encoding: 'PLAIN' }],
    compressors: { SNAPPY: snappyInBlocks },
  });
}

async function makeConfig(layouts: readonly string[], far: string): Promise<string> {
  const config = join(folder, 'tributary.yaml');
  const roots = { local: join(folder, 'served'), far };
  const sources = Object.fromEntries(
    layouts.flatMap((layout) =>
      Object.entries(roots).map(([place, root]) => [`${layout}-${place}`, `${root}/${layout}`]),
    ),
  );
  const run = { recipe: 'dinov3', seed: 1, image_size: side, global_batch: batch, epochs: 1000 };
  const runs = Object.fromEntries(Object.keys(sources).map((name) => [name, { ...run, sources: [name] }]));
  await writeFile(config, stringify({ sources, runs }));
  execFileSync(process.execPath, [main, 'index', '--config', config], { stdio: 'ignore' });
  return config;
}

/** nginx, and what holds up all that passes, half of the time each way. @returns the URL of what is far away. */
async function serve(): Promise<string> {
  const [port, farPort] = [await freePort(), await freePort()];
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; user root; pid ${folder}/nginx.pid; events { worker_connections 1024; }
http { access_log off; ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server { listen 127.0.0.1:${port}; keepalive_requests 1000000; root ${folder}/served; autoindex on; autoindex_format json; } }`,
  );
  const start = (program: string, ...args: string[]): void =>
    void servers.push(spawn('taskset', ['-c', ofOthers, program, ...args], { stdio: 'ignore' }));
  const delay = fileURLToPath(new URL('../test/network/delay.js', import.meta.url));
  start('nginx', '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log'));
  start(process.execPath, delay, `${farPort}`, `${port}`, `${milliseconds / 2}`);
  for (let tries = 0; ; tries++) {
    try {
      await fetch(`http://127.0.0.1:${farPort}/`);
      return `http://127.0.0.1:${farPort}`;
    } catch (error) {
      if (tries > 100) throw error;
      await wait(50);
    }
  }
}

interface Figure {
  /** Images a second. */
  readonly rate: number;
  /** Milliseconds of the replicas' CPU for each. */
  readonly spent: number;
}

/** What an epoch's middle takes from so many replicas. */
async function figureOf(name: string, epoch: number, count = 1): Promise<Figure> {
  const asked = replicas.slice(0, count);
  const address = asked.map((replica) => replica.address).join();
  const loader = await Loader.connect({ address, run: { name } });
  try {
    const begun = performance.now();
    let start: number | null = null;
    let cpuAtStart = 0;
    let taken = 0;
    for await (const { header } of loader.batches(epoch)) {
      const now = performance.now();
      if (start !== null) taken += header.samples.length;
      else if (now - begun > warmUp * 1000) [start, cpuAtStart] = [now, cpuOf(asked)];
      if (start !== null && now - start > seconds * 1000)
        return { rate: taken / ((now - start) / 1000), spent: (cpuOf(asked) - cpuAtStart) / taken };
    }
    throw new Error(`an epoch of less than ${warmUp + seconds} s`);
  } finally {
    loader.close();
  }
}

/** Milliseconds of CPU that processes have taken. */
function cpuOf(servers: readonly ServerProcess[]): number {
  const ticks = servers.map(({ process: { pid } }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) * 10;
}
