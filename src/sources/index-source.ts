import { rm } from 'node:fs/promises';
import { TributaryError } from '../errors.js';
import type { Place, SourceLayout } from './layouts/layout.js';
import { locateSource, type SourceOptions } from './layouts/layouts.js';
import { rowsOfFolders } from './manifest/folder-rows.js';
import { loadManifest, manifestPath, writeManifest } from './manifest/manifest-file.js';
import { knownShards, rowsOfShards } from './manifest/shard-rows.js';
import {
  fingerprintOf,
  type ManifestDetails,
  manifestOf,
  type Rows,
  type StoredManifest,
} from './manifest/stored-manifest.js';
import type { LeftOut, LeftOutKind } from './scan/folder.js';
import { walkFolder } from './scan/folders.js';
import { guardOf } from './scan/guard.js';
import { type Progress, ProgressMeter } from './scan/progress-meter.js';
import { Scanner } from './scan/scanner.js';
import { listShards, scanShards } from './scan/shards.js';

/** What to index, and where its manifest goes. */
export interface IndexOptions extends SourceOptions {
  /** The folder of manifests. */
  readonly indexFolder: string;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What an indexing found. */
export interface IndexReport {
  readonly manifestPath: string;
  readonly count: number;
  readonly bytes: number;
  readonly seconds: number;
  /** What looks like a sample or a shard and is none, by its path inside the source. */
  readonly leftOut: readonly LeftOut[];
  /** Lines for people: shards that are damaged or at odds with their `_stats.json`, and what was left out, by its kind. */
  readonly warnings: readonly string[];
  /** Shards that were taken from an earlier manifest. */
  readonly reusedShards: number;
}

/** While shards are indexed, what is there is kept this often, so that an interrupted indexing goes on from it. */
const keepEverySeconds = 15;

/**
 * Finds the samples of one split of a source and writes their manifest. Shards of unchanged size and time are taken from
 * the manifest that was there, or from what an interrupted indexing left.
 *
 * @throws TributaryError SOURCE_MISSING, SOURCE_EMPTY (upstream's FileNotFoundError), SOURCE_UNREADABLE, SHARD_INVALID,
 * ARGUMENT_INVALID where the manifest cannot be written.
 */
export async function indexSource(options: IndexOptions): Promise<{ manifest: StoredManifest; report: IndexReport }> {
  const { layout, place } = await locateSource(options);
  const path = manifestPath(options.indexFolder, options.name, options.split);
  const partial = `${path}.partial`;
  const meter = new ProgressMeter(options.name, options.onProgress);
  const scanner = new Scanner();
  try {
    const guard = await guardOf(place);
    const write = (to: string, rows: Rows) => writeRows(to, rows, options, layout, place, guard);
    const { rows, reused } =
      layout.samples === 'files'
        ? { rows: rowsOfFolders(await walkFolder(scanner, place, guard, place.folder, meter), layout.labelled) }
        : await rowsOfPlace(scanner, place, meter, [path, partial], (part) => write(partial, part));
    if (rows.batches.length === 0) throw nothingFound(options, place, rows);
    const details = await write(path, rows);
    await rm(partial, { force: true });
    meter.tell();
    const report: IndexReport = {
      manifestPath: path,
      count: details.count,
      bytes: details.bytes,
      seconds: meter.seconds,
      leftOut: rows.leftOut,
      warnings: warningsOf(rows),
      reusedShards: reused ?? 0,
    };
    return { manifest: manifestOf(details, rows.batches, place), report };
  } finally {
    await scanner.close();
  }
}

async function rowsOfPlace(
  scanner: Scanner,
  place: Place,
  meter: ProgressMeter,
  earlier: readonly string[],
  keep: (rows: Rows) => Promise<unknown>,
): Promise<{ rows: Rows; reused: number }> {
  const listed = await listShards(place);
  const known = await Promise.all(earlier.map((path) => loadManifest(path).catch(() => [])));
  let kept = meter.seconds;
  const keepSometimes = async (sofar: Parameters<typeof rowsOfShards>[1]): Promise<void> => {
    if (meter.seconds - kept < keepEverySeconds) return;
    kept = meter.seconds;
    await keep(rowsOfShards(listed, sofar));
  };
  const find = knownShards(known.flat());
  const { listings, reused } = await scanShards(scanner, place, listed.shards, find, meter, keepSometimes);
  return { rows: rowsOfShards(listed, listings), reused };
}

async function writeRows(
  path: string,
  rows: Rows,
  options: IndexOptions,
  layout: SourceLayout,
  place: Place,
  guard: string,
): Promise<ManifestDetails> {
  const { batches, classNames, folders, shards, warnings } = rows;
  const details: ManifestDetails = {
    format: 1,
    source: options.name,
    split: options.split,
    layout: layout.name,
    root: place.root,
    folder: place.folder,
    guard: guard === place.root ? 'root' : 'folder',
    count: batches.reduce((sum, batch) => sum + batch.count, 0),
    bytes: batches.reduce((sum, batch) => sum + batch.sizes.reduce((total, size) => total + size, 0), 0),
    fingerprint: fingerprintOf(batches),
    classNames,
    folders,
    shards,
    warnings,
  };
  await writeManifest(path, details, batches);
  return details;
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
        : `none, with ${rows.leftOut.length} left out (${rows.leftOut[0]!.key}: ${rows.leftOut[0]!.kind})`,
    remedy: 'Set the path of the source to the folder that holds its images, or set its layout',
    metadata,
  });
}

const leftOutNames: Record<LeftOutKind, string> = {
  link_outside: 'links that lead out of the source or nowhere',
  linked_folder: 'links to folders, which upstream does not follow either',
  not_a_file: 'with the name of a sample or shard that are no regular files',
  name_not_utf8: 'whose names are not UTF-8',
  too_large: 'of 4 GiB or more',
};

function warningsOf({ warnings, leftOut }: Rows): string[] {
  const lines = warnings.map(({ shard, what }) => `${shard}: ${what}`);
  for (const [kind, name] of Object.entries(leftOutNames)) {
    const keys = leftOut.filter((one) => one.kind === kind).map(({ key }) => key);
    if (keys.length > 0)
      lines.push(`left out ${keys.length} ${name}: ${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', ...' : ''}`);
  }
  return lines;
}
