import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '../../errors.js';
import type { Place } from '../layouts/layout.js';
import { isShardName } from '../layouts/look.js';
import { type RowBatch, RowCollector, rowsPerBatch, wide } from '../manifest/rows.js';
import type { StoredManifest } from '../manifest/stored-manifest.js';
import { guardOf, isInside } from '../storage/inside.js';
import { sortNames } from './order.js';
import type { ProgressMeter } from './progress.js';
import { type LeftOut, reliableTime } from './scan-folder.js';
import type { ShardListing } from './scan-shard.js';
import type { Scanner } from './scanner.js';

/** A shard as the file system tells it. */
export interface ShardFile {
  readonly name: string;
  readonly bytes: number;
  /** In nanoseconds; `0` where it is too young to be told from a later one. */
  readonly mtime: string;
}

/** What is wrong with a shard, for the report. */
export interface ShardWarning {
  readonly shard: string;
  readonly what: string;
}

/** The rows of all shards. */
export interface ShardRows {
  readonly batches: RowBatch[];
  /** As `ManifestDetails.shards`. */
  readonly shards: [string, number, string, number][];
  readonly warnings: readonly ShardWarning[];
  readonly reused: number;
}

/**
 * The shards of a place: `*.tar`, sorted by name. Only regular files that stay inside the guard.
 *
 * @throws TributaryError SOURCE_UNREADABLE
 */
export async function listShards(place: Place): Promise<{ shards: ShardFile[]; leftOut: LeftOut[] }> {
  const folder = join(place.root, place.folder);
  const shards: ShardFile[] = [];
  const leftOut: LeftOut[] = [];
  try {
    const guard = await realpath(await guardOf(place));
    const names = sortNames((await readdir(folder)).filter(isShardName));
    const found = await inBatches(names, async (name): Promise<ShardFile | LeftOut> => {
      const path = join(folder, name);
      const real = await realpath(path).catch(() => null);
      if (real === null || !isInside(real, guard)) return { kind: 'link_outside', key: name };
      const stats = await stat(path, { bigint: true });
      if (!stats.isFile()) return { kind: 'not_a_file', key: name };
      return { name, bytes: Number(stats.size), mtime: reliableTime(stats.mtimeNs) };
    });
    for (const one of found) 'kind' in one ? leftOut.push(one) : shards.push(one);
  } catch (cause) {
    const { message } = cause as Error;
    throw new TributaryError('SOURCE_UNREADABLE', {
      expected: `to read ${folder}`,
      came: message,
      remedy: 'Give this process the right to read the source',
      metadata: { path: folder },
      cause,
    });
  }
  return { shards, leftOut };
}

/**
 * Indexes shards. Those that `known` has without a warning, of the same size and time, are taken from it.
 *
 * @param onMore called now and then with the rows so far, so that they can be kept.
 */
export async function indexShards(
  scanner: Scanner,
  place: Place,
  files: readonly ShardFile[],
  known: readonly StoredManifest[],
  meter: ProgressMeter,
  onMore: (rows: () => ShardRows) => Promise<void>,
): Promise<ShardRows> {
  const old = knownShards(known);
  const listings: (ShardListing | null)[] = files.map(() => null);
  let reused = 0;
  for (const file of files) meter.expect(file.bytes);
  const indexOne = async (i: number): Promise<void> => {
    const file = files[i]!;
    const same = old.get(`${file.name}/${file.bytes}/${file.mtime}`);
    if (same !== undefined) {
      listings[i] = same();
      reused++;
    } else listings[i] = await scanner.scanShard({ path: join(place.root, place.folder, file.name) });
    const { count, sizes } = listings[i]!;
    meter.add(
      file.bytes,
      count,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    await onMore(() => rowsOfShards(files, listings, reused));
  };
  await inBatches([...files.keys()], indexOne);
  return rowsOfShards(files, listings, reused);
}

function rowsOfShards(
  files: readonly ShardFile[],
  listings: readonly (ShardListing | null)[],
  reused: number,
): ShardRows {
  const collector = new RowCollector(true);
  const shards: [string, number, string, number][] = [];
  const warnings: ShardWarning[] = [];
  for (const [i, file] of files.entries()) {
    const listing = listings[i];
    if (listing == null) continue;
    appendShard(collector, file.name, shards.length, listing);
    shards.push([file.name, listing.bytes, listing.mtime, listing.count]);
    const { damage, successes, count } = listing;
    if (damage !== null)
      warnings.push({
        shard: file.name,
        what: `damaged at byte ${damage.offset}: ${damage.what}; ${count} samples before it`,
      });
    if (successes !== null && successes !== count)
      warnings.push({ shard: file.name, what: `${count} samples, but its _stats.json counts ${successes} successes` });
  }
  return { batches: collector.finish(), shards, warnings, reused };
}

function appendShard(collector: RowCollector, name: string, shard: number, listing: ShardListing): void {
  const prefix = Buffer.from(`${name}/`, 'utf8');
  let start = 0;
  for (let i = 0; i < listing.count; i++) {
    const end = listing.names.indexOf(0, start);
    collector.append(prefix, listing.names, start, end, listing.sizes[i]!, -1, {
      shard,
      offset: listing.offsets[i]!,
      txtOffset: listing.txtOffsets[i]!,
      txtSize: listing.txtSizes[i]!,
      jsonOffset: listing.jsonOffsets[i]!,
      jsonSize: listing.jsonSizes[i]!,
    });
    start = end + 1;
  }
}

/** The sound shards of manifests by name, size and time, each as it was listed. */
function knownShards(manifests: readonly StoredManifest[]): Map<string, () => ShardListing> {
  const shards = new Map<string, () => ShardListing>();
  for (const known of manifests) {
    const warned = new Set(known.details.warnings.map(({ shard }) => shard));
    let first = 0;
    for (const [name, bytes, mtime, count] of known.details.shards) {
      const start = first;
      if (!warned.has(name) && mtime !== '0')
        shards.set(`${name}/${bytes}/${mtime}`, () => listingOf(known, name, bytes, mtime, start, count));
      first += count;
    }
  }
  return shards;
}

function listingOf(
  known: StoredManifest,
  name: string,
  bytes: number,
  mtime: string,
  first: number,
  count: number,
): ShardListing {
  const floats = (pick: (batch: RowBatch, row: number) => number) =>
    Float64Array.from({ length: count }, (_, i) =>
      pick(known.batches[Math.floor((first + i) / rowsPerBatch)]!, (first + i) % rowsPerBatch),
    );
  const words = (pick: (batch: RowBatch, row: number) => number) => Uint32Array.from(floats(pick));
  const names = Array.from({ length: count }, (_, i) => `${known.key(first + i).slice(name.length + 1)}\0`);
  return {
    bytes,
    mtime,
    names: new TextEncoder().encode(names.join('')),
    count,
    sizes: words((batch, row) => batch.sizes[row]!),
    offsets: floats((batch, row) => wide(batch.members!.offset, row)),
    txtOffsets: floats((batch, row) => wide(batch.members!.txtOffset, row)),
    txtSizes: words((batch, row) => batch.members!.txtSize[row]!),
    jsonOffsets: floats((batch, row) => wide(batch.members!.jsonOffset, row)),
    jsonSizes: words((batch, row) => batch.members!.jsonSize[row]!),
    damage: null,
    successes: null,
  };
}

/** Maps values with at most 64 under way at once, keeping their order. */
export async function inBatches<T, R>(values: readonly T[], map: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < values.length; start += 64)
    results.push(...(await Promise.all(values.slice(start, start + 64).map(map))));
  return results;
}
