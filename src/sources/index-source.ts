import { rm } from 'node:fs/promises';
import { TributaryError } from '../errors.js';
import { findingsOf, type IndexReport, refuseLosses, refuseLostClasses, reportLines } from './index-report.js';
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
import { walkFolder } from './scan/folders.js';
import { allowedIn } from './scan/guard.js';
import { type Progress, ProgressMeter } from './scan/progress-meter.js';
import { Scanner } from './scan/scanner.js';
import { listShards, scanShards } from './scan/shards.js';

/** What to index, and where its manifest goes. */
export interface IndexOptions extends SourceOptions {
  /** The folder of manifests. */
  readonly indexFolder: string;
  /** Whether losses are an error. */
  readonly strict?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** While shards are indexed, what is there is kept this often, so that an interrupted indexing goes on from it. */
const keepEverySeconds = 15;

/**
 * Finds the samples of one split of a source and writes their manifest. Shards of unchanged size and time are taken from
 * the manifest that was there, or from what an interrupted indexing left.
 *
 * @throws TributaryError SOURCE_MISSING, SOURCE_EMPTY (upstream's FileNotFoundError), SOURCE_UNREADABLE, SHARD_INVALID,
 * INDEX_INCOMPLETE where labels would shift or, under `strict`, samples are lost; ARGUMENT_INVALID where the manifest cannot be written.
 */
export async function indexSource(options: IndexOptions): Promise<{ manifest: StoredManifest; report: IndexReport }> {
  const { layout, place } = await locateSource(options);
  const path = manifestPath(options.indexFolder, options.name, options.split);
  const partial = `${path}.partial`;
  const meter = new ProgressMeter(options.name, options.onProgress);
  const scanner = new Scanner();
  try {
    const within = await allowedIn(place);
    const write = (to: string, rows: Rows) => writeRows(to, rows, options, layout, place, within[0]!);
    const { rows, reused } =
      layout.samples === 'files'
        ? { rows: rowsOfFolders(await walkFolder(scanner, place, within, place.folder, meter), layout.labelled) }
        : await rowsOfPlace(scanner, place, meter, [path, partial], (part) => write(partial, part));
    if (layout.labelled) refuseLostClasses(options.name, rows);
    if (rows.batches.length === 0) throw nothingFound(options, place, rows);
    const findings = findingsOf(rows);
    if (options.strict) refuseLosses(options.name, findings);
    const details = await write(path, rows);
    await rm(partial, { force: true });
    meter.tell();
    const report: IndexReport = {
      manifestPath: path,
      count: details.count,
      bytes: details.bytes,
      seconds: meter.seconds,
      ...findings,
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
  const { batches, classNames, folders, shards, warnings, leftOut } = rows;
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
    ...(leftOut.length === 0 ? {} : { leftOut: [...leftOut].map((one) => ({ ...one, examples: [...one.examples] })) }),
    ...(options.followLinks === undefined ? {} : { followsLinks: true as const }),
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
        : `none; ${reportLines({ ...findingsOf(rows), losses: [] }, 'class').join('; ')}`,
    remedy: 'Set the path of the source to the folder that holds its images, or set its layout',
    metadata,
  });
}
