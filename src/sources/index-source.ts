import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TributaryError } from '../errors.js';
import { findingsOf, type IndexReport, refuseLosses, refuseLostClasses, reportLines } from './index-report.js';
import type { Place, SourceLayout } from './layouts/layout.js';
import { locateSource, type SourceOptions } from './layouts/layouts.js';
import { rowsOfFolders } from './manifest/folder-rows.js';
import { loadManifest, manifestPath, writeManifest } from './manifest/manifest-file.js';
import type { RowBatch } from './manifest/rows.js';
import { knownShards, ShardRows } from './manifest/shard-rows.js';
import { Fingerprint, type ManifestDetails, type Rows, type StoredManifest } from './manifest/stored-manifest.js';
import { walkFolder } from './scan/folders.js';
import { allowedIn } from './scan/guard.js';
import { type Progress, ProgressMeter } from './scan/progress-meter.js';
import { Scanner } from './scan/scanner.js';
import { listShards, type ScannedShard, scanShards } from './scan/shards.js';
import { isLocal } from './storage/storages.js';

/** What to index, and where its manifest goes. */
export interface IndexOptions extends SourceOptions {
  /** The folder of manifests, or its URL where they are read only. */
  readonly indexFolder: string;
  /** Whether losses are an error. */
  readonly strict?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Told of a file of positions that is not used, and why, where a source is opened. */
  readonly onUnusedPositions?: ((path: string, why: string) => void) | undefined;
}

/** While shards are indexed, what is there is kept this often, so that an interrupted indexing goes on from it. */
const keepEverySeconds = 15;

/**
 * Finds the samples of one split of a source and writes their manifest. Shards of unchanged size and time are taken from
 * the manifest that was there, or from what an interrupted indexing left. Of shards nothing is held but those that are being scanned
 * and what has to be kept next; of files their names and sizes.
 *
 * @throws TributaryError SOURCE_MISSING, SOURCE_EMPTY (upstream's FileNotFoundError), SOURCE_UNREADABLE, SHARD_INVALID,
 * INDEX_INCOMPLETE where labels would shift or, under `strict`, samples are lost; ARGUMENT_INVALID where the manifest cannot be written,
 * as into a store.
 */
export async function indexSource(options: IndexOptions): Promise<{ manifest: StoredManifest; report: IndexReport }> {
  if (!isLocal(options.indexFolder)) throw inStore(options.indexFolder);
  const { layout, place } = await locateSource(options);
  const path = manifestPath(options.indexFolder, options.name, options.split);
  const meter = new ProgressMeter(options.name, options.onProgress);
  const scanner = new Scanner();
  try {
    const source = { options, layout, place, guard: (await allowedIn(place))[0]! };
    const refuse = (rows: Rows, count: number): void => {
      if (layout.labelled) refuseLostClasses(options.name, rows);
      if (count === 0) throw nothingFound(options, place, rows);
      if (options.strict) refuseLosses(options.name, findingsOf(rows));
    };
    const walked = layout.samples === 'files' ? await walkedRows(scanner, source, meter) : null;
    // Before a folder of manifests is made for it.
    if (walked !== null) refuse(walked, walked.batches.length);
    let found: Found | undefined;
    await writeManifest(path, layout.samples, async (add) => {
      const tally = new Tally(add);
      if (walked === null) {
        found = await addShards(scanner, source, meter, tally, path);
        refuse(found.rows, tally.count);
      } else {
        found = { rows: walked, reused: 0 };
        await tally.add(walked.batches);
      }
      return detailsOf(source, found.rows, tally);
    });
    for (const kept of await keptFiles(path)) await rm(kept, { force: true });
    meter.tell();
    const manifest = await loadManifest(path, place);
    const { rows, reused } = found!;
    const { count, bytes } = manifest.details;
    const findings = findingsOf(rows);
    const report = { manifestPath: path, count, bytes, seconds: meter.seconds, ...findings, reusedShards: reused };
    return { manifest, report };
  } finally {
    await scanner.close();
  }
}

/** What is indexed: as it was asked for, and as it was located. */
interface Indexed {
  readonly options: IndexOptions;
  readonly layout: SourceLayout;
  readonly place: Place;
  /** The folder that no sample may leave. */
  readonly guard: string;
}

interface Found {
  readonly rows: Rows;
  /** Shards that were known. */
  readonly reused: number;
}

/** Passes batches on and counts what is in them. */
class Tally {
  readonly #pass: (batch: RowBatch) => Promise<void>;
  readonly #fingerprint = new Fingerprint();
  count = 0;
  bytes = 0;

  constructor(pass: (batch: RowBatch) => Promise<void>) {
    this.#pass = pass;
  }

  async add(batches: readonly RowBatch[]): Promise<void> {
    for (const batch of batches) {
      this.#fingerprint.add(batch);
      this.count += batch.count;
      for (const size of batch.sizes) this.bytes += size;
      await this.#pass(batch);
    }
  }

  fingerprint(): string {
    return this.#fingerprint.end();
  }
}

async function walkedRows(scanner: Scanner, { place, layout }: Indexed, meter: ProgressMeter) {
  const top = await walkFolder(scanner, place, await allowedIn(place), place.folder, meter);
  return rowsOfFolders(top, layout.labelled);
}

async function addShards(
  scanner: Scanner,
  source: Indexed,
  meter: ProgressMeter,
  tally: Tally,
  path: string,
): Promise<Found> {
  const { shards, leftOut } = await listShards(source.place);
  const kept = await keptFiles(path);
  const earlier = await Promise.all([path, ...kept].map((file) => loadManifest(file).catch(() => [])));
  const collected = new ShardRows(source.layout.samples, leftOut);
  let reused = 0;
  let unkept: ScannedShard[] = [];
  let keptAt = meter.seconds;
  for await (const shard of scanShards(scanner, source.place, shards, knownShards(earlier.flat()), meter)) {
    await tally.add(collected.add(shard.file.name, shard.listing));
    if (shard.isReused) reused++;
    else unkept.push(shard);
    if (meter.seconds - keptAt < keepEverySeconds || unkept.length === 0) continue;
    await keep(`${path}${keptSuffix}${process.pid}-${keptAt}`, source, unkept);
    unkept = [];
    keptAt = meter.seconds;
  }
  await tally.add(collected.finish());
  return { rows: collected.rows, reused };
}

/** What the files of an interrupted indexing have after the manifest's own name: each is a manifest of some shards. */
const keptSuffix = '.partial-';

async function keptFiles(path: string): Promise<string[]> {
  const names = await readdir(dirname(path)).catch(() => []);
  const kept = names.filter((name) => name.startsWith(`${basename(path)}${keptSuffix}`));
  return kept.map((name) => join(dirname(path), name));
}

async function keep(path: string, source: Indexed, shards: readonly ScannedShard[]): Promise<void> {
  await writeManifest(path, source.layout.samples, async (add) => {
    const tally = new Tally(add);
    const collected = new ShardRows(source.layout.samples, []);
    for (const { file, listing } of shards) await tally.add(collected.add(file.name, listing));
    await tally.add(collected.finish());
    return detailsOf(source, collected.rows, tally);
  });
}

function detailsOf({ options, layout, place, guard }: Indexed, rows: Rows, tally: Tally): ManifestDetails {
  const { classNames, folders, shards, warnings, leftOut } = rows;
  return {
    format: layout.samples === 'rows' ? 3 : 2,
    source: options.name,
    split: options.split,
    layout: layout.name,
    root: place.root,
    folder: place.folder,
    guard: guard === place.root ? 'root' : 'folder',
    count: tally.count,
    bytes: tally.bytes,
    fingerprint: tally.fingerprint(),
    classNames,
    folders,
    shards,
    warnings,
    ...(leftOut.length === 0 ? {} : { leftOut: leftOut.map((one) => ({ ...one, examples: [...one.examples] })) }),
    ...(options.followLinks === undefined ? {} : { followsLinks: true as const }),
  };
}

function inStore(folder: string): TributaryError {
  return new TributaryError('ARGUMENT_INVALID', {
    expected: 'a local folder to write manifests into',
    came: folder,
    remedy: 'Name one by `tributary index --out`, and copy what is in it there',
  });
}

function nothingFound(options: IndexOptions, place: Place, rows: Rows): TributaryError {
  const path = [place.root, place.folder].filter((part) => part !== '').join('/');
  const metadata = { source: options.name, path };
  if (rows.warnings.length > 0) {
    const { shard, what } = rows.warnings[0]!;
    return new TributaryError('SHARD_INVALID', {
      expected: `at least one readable sample in the shards of source ${options.name} at ${path}`,
      came: `${shard} ${what}`,
      remedy: 'Fetch the shards again, or leave the source out of the run',
      metadata: { ...metadata, shard },
    });
  }
  return new TributaryError('SOURCE_EMPTY', {
    expected: `at least one image for source ${options.name} in ${path}`,
    came:
      rows.leftOut.length === 0
        ? 'none'
        : `none; ${reportLines({ ...findingsOf(rows), losses: [] }, 'class').join('; ')}`,
    remedy: 'Set the path of the source to the folder that holds its images, or set its layout',
    metadata,
  });
}
