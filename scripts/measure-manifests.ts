/**
 * Measures what manifests cost: `node --expose-gc dist/scripts/measure-manifests.js walk|load-files|load-members [count]`.
 *
 * walk: makes a tree of `count` files (1,000,000) in class folders of 1,000 each, and times `find -type f -printf %s`
 * and `indexSource` in turn, five times each. load-files, load-members: writes a manifest of `count` samples (10,000,000) and loads it. Everything is made in a temporary folder (TMPDIR) and deleted.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indexSource } from '../src/sources/index-source.js';
import { loadManifest, writeManifest } from '../src/sources/manifest/manifest-file.js';
import { memberRows, RowCollector, rowsPerBatch } from '../src/sources/manifest/rows.js';
import { fingerprintOf, type ManifestDetails } from '../src/sources/manifest/stored-manifest.js';

const [what = 'walk', given, made] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'tributary-measure-'));
try {
  // Another process makes the manifest, so that none of its memory is counted.
  if (what === 'make-files' || what === 'make-members')
    await makeManifest(made!, Number(given), what === 'make-members');
  else if (what === 'walk') await measureWalk(Number(given ?? 1_000_000));
  else await measureLoad(Number(given ?? 10_000_000), what === 'load-members');
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
  global.gc?.();
  const before = process.memoryUsage();
  const start = performance.now();
  const manifest = await loadManifest(path);
  const seconds = (performance.now() - start) / 1000;
  global.gc?.();
  const after = process.memoryUsage();
  const held = after.heapUsed + after.external - before.heapUsed - before.external;
  const resident = after.rss - before.rss;
  const calls = 1_000_000;
  const timed = (call: (index: number) => unknown): string => {
    const begun = performance.now();
    for (let i = 0; i < calls; i++) call((i * 7919) % count);
    return `${(((performance.now() - begun) * 1000) / calls).toFixed(2)} us`;
  };
  const key = timed((i) => manifest.key(i));
  const location = timed((i) => manifest.location(i));
  const find = timed((i) => manifest.find(manifest.key(i)));
  const { size } = await stat(path);
  console.log(
    `${count} ${hasMembers ? 'members of shards' : 'files'} (file of ${(size / count).toFixed(1)} bytes a sample): ` +
      `loaded in ${seconds.toFixed(2)} s, ${(held / count).toFixed(1)} bytes a sample held (resident ${(resident / count).toFixed(1)}), ` +
      `key ${key}, location ${location}, find ${find}`,
  );
}

async function makeManifest(path: string, count: number, hasMembers: boolean): Promise<void> {
  const collector = new RowCollector();
  const shards: ManifestDetails['shards'] = [];
  const perFolder = hasMembers ? 10_000 : 1_300;
  let prefix = Buffer.alloc(0);
  for (let i = 0; i < count; i++) {
    const number = String(Math.floor(i / perFolder)).padStart(8, '0');
    if (i % perFolder === 0) {
      prefix = Buffer.from(hasMembers ? `${number}.tar/` : `train/n${number}/`);
      if (hasMembers) shards.push([`${number}.tar`, 1, '1', Math.min(perFolder, count - i)]);
    }
    const row = String(i % perFolder).padStart(5, '0');
    const name = Buffer.from(hasMembers ? `${number.slice(4)}${row}.jpg` : `n${number}_${row}.JPEG`);
    collector.append(prefix, name, 0, name.length, 100_000, -1);
  }
  const offset = BigUint64Array.from({ length: perFolder }, (_, i) => BigInt(512 + i * 102_400));
  const size = new Uint32Array(perFolder).fill(9);
  const places = { offset, txtOffset: offset, txtSize: size, jsonOffset: offset, jsonSize: size };
  const members = shards.map((_, i) => ({ ...places, shard: new Uint32Array(perFolder).fill(i) }));
  const batches = collector
    .finish()
    .map((batch, i) =>
      hasMembers ? { ...batch, members: memberRows(members, i * rowsPerBatch, batch.count) } : batch,
    );
  const details: ManifestDetails = {
    format: 1,
    source: 's',
    split: 'train',
    layout: hasMembers ? 'webdataset' : 'imagenet',
    root: folder,
    folder: '',
    guard: 'root',
    count,
    bytes: count * 100_000,
    fingerprint: fingerprintOf(batches),
    classNames: [],
    folders: [],
    shards,
    warnings: [],
  };
  await writeManifest(path, details, batches);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
