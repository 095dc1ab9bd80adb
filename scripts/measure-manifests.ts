/**
 * Measures what manifests cost: `node dist/scripts/measure-manifests.js walk|files|members [count]`.
 *
 * walk: makes a tree of `count` files (1,000,000) in class folders of 1,000 each, and times `find -type f -printf %s`
 * and `indexSource` in turn, five times each. files, members: writes a manifest of `count` samples (10,000,000; 100,000,000
 * members are 9 GB) and plans samples of it. Everything is made in a temporary folder (TMPDIR) and deleted.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlanInput } from '../src/plan/input.js';
import { planStep } from '../src/plan/plan.js';
import { indexSource } from '../src/sources/index-source.js';
import { loadManifest, writeManifest } from '../src/sources/manifest/manifest-file.js';
import { type RowBatch, RowCollector } from '../src/sources/manifest/rows.js';
import { Fingerprint, type ManifestDetails } from '../src/sources/manifest/stored-manifest.js';

const [what = 'walk', given, made] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'tributary-measure-'));
try {
  // Another process makes the manifest, so that none of its memory is counted.
  if (what === 'make-files' || what === 'make-members')
    await makeManifest(made!, Number(given), what === 'make-members');
  else if (what === 'use-files' || what === 'use-members')
    await measureUse(made!, Number(given), what === 'use-members');
  else if (what === 'walk') await measureWalk(Number(given ?? 1_000_000));
  else await measureLoad(Number(given ?? 10_000_000), what === 'members');
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureWalk(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const path = join(folder, 'data', 'train', `n${String(Math.floor(i / 1000)).padStart(8, '0')}`);
    if (i % 1000 === 0) mkdirSync(path, { recursive: true });
    const file = openSync(join(path, `n${String(Math.floor(i / 1000)).padStart(8, '0')}_${i % 1000}.JPEG`), 'w');
    ftruncateSync(file, 1000 + (i % 1000));
    closeSync(file);
  }
  const walks: number[] = [];
  const indexings: number[] = [];
  const options = {
    name: 's',
    path: join(folder, 'data'),
    split: 'train' as const,
    indexFolder: join(folder, 'index'),
  };
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    execFileSync('find', [options.path, '-type', 'f', '-printf', '%s\n'], { stdio: ['ignore', 'ignore', 'inherit'] });
    const middle = performance.now();
    const { report } = await indexSource(options);
    if (report.count !== count) throw new Error(`${report.count} of ${count} samples`);
    walks.push((middle - start) / 1000);
    indexings.push((performance.now() - middle) / 1000);
  }
  const [walk, index] = [median(walks), median(indexings)];
  console.log(
    `${count} files: find ${walk.toFixed(2)} s, index ${index.toFixed(2)} s, ratio ${(index / walk).toFixed(2)}`,
  );
}

async function measureLoad(count: number, hasMembers: boolean): Promise<void> {
  const path = join(folder, 'm.arrow');
  const script = fileURLToPath(import.meta.url);
  execFileSync(process.execPath, [script, hasMembers ? 'make-members' : 'make-files', String(count), path]);
  // Another process loads it, so that nothing else is counted.
  const told = execFileSync(process.execPath, [script, hasMembers ? 'use-members' : 'use-files', String(count), path]);
  process.stdout.write(told);
}

/** Opens a manifest and plans 200,000 samples of it, with all that a batch asks of each. */
async function measureUse(path: string, count: number, hasMembers: boolean): Promise<void> {
  await loadManifest(join(folder, 'none')).catch(() => {});
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const manifest = await loadManifest(path);
  const opened = performance.now() - start;
  const sources = [{ name: 's', count, key: (index: number) => manifest.key(index) }];
  const input: PlanInput = {
    ...{ seed: 1, global_batch: 1000, sample_t: 1, weights: null, sampling: 'exact', split: 'train' },
    sources,
  };
  const plan = (steps: number) => {
    for (let step = 0; step < steps; step++)
      for (const { index } of planStep(input, 0, step)) {
        manifest.key(index);
        manifest.label(index);
        manifest.location(index);
      }
  };
  const micros = (calls: number, act: () => void): string => {
    const [begun, used] = [performance.now(), process.cpuUsage()];
    act();
    const { user, system } = process.cpuUsage(used);
    const taken = (performance.now() - begun) * 1000;
    // Where other work has the cores, time says little.
    return `${(taken / calls).toFixed(1)} us (${((user + system) / calls).toFixed(1)} us of CPU)`;
  };
  plan(2);
  const sample = micros(200_000, () => plan(200));
  const found = Array.from({ length: 1000 }, (_, i) => manifest.key(Math.floor((i * count) / 1000)));
  const find = micros(1000, () => {
    for (const key of found) manifest.find(key);
  });
  const resident = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
  const { size } = await stat(path);
  console.log(
    `${count} ${hasMembers ? 'members of shards' : 'files'}, ${Math.round(size / count)} bytes a sample on disk: ` +
      `opened in ${opened.toFixed(0)} ms, a planned sample ${sample}, find ${find}, ${resident} MiB resident beside the program`,
  );
}

async function makeManifest(path: string, count: number, hasMembers: boolean): Promise<void> {
  const kind = hasMembers ? 'members' : 'files';
  const collector = new RowCollector(kind);
  const shards: ManifestDetails['shards'] = [];
  const perFolder = hasMembers ? 10_000 : 1_300;
  const offset = BigUint64Array.from({ length: perFolder }, (_, i) => BigInt(512 + i * 102_400));
  const size = new Uint32Array(perFolder).fill(9);
  const places = { offset, txtOffset: offset, txtSize: size, jsonOffset: offset, jsonSize: size };
  const fingerprint = new Fingerprint();
  await writeManifest(path, kind, async (add) => {
    const pass = async (batches: readonly RowBatch[]) => {
      for (const batch of batches) {
        fingerprint.add(batch);
        await add(batch);
      }
    };
    let prefix = Buffer.alloc(0);
    for (let i = 0; i < count; i++) {
      const number = String(Math.floor(i / perFolder)).padStart(8, '0');
      if (i % perFolder === 0) {
        prefix = Buffer.from(hasMembers ? `${number}.tar/` : `train/n${number}/`);
        if (hasMembers) shards.push([`${number}.tar`, 1, '1', Math.min(perFolder, count - i)]);
        await pass(collector.full());
      }
      const row = String(i % perFolder).padStart(5, '0');
      const name = Buffer.from(hasMembers ? `${number.slice(4)}${row}.jpg` : `n${number}_${row}.JPEG`);
      collector.append(prefix, name, 0, name.length, 100_000, -1);
      if (hasMembers) collector.place(shards.length - 1, places, i % perFolder);
    }
    await pass(collector.finish());
    return {
      format: 2,
      source: 's',
      split: 'train',
      layout: hasMembers ? 'webdataset' : 'imagenet',
      root: folder,
      folder: '',
      guard: 'root',
      count,
      bytes: count * 100_000,
      fingerprint: fingerprint.end(),
      classNames: [],
      folders: [],
      shards,
      warnings: [],
    };
  });
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
