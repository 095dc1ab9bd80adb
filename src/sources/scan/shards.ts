import type { Place } from '../layouts/layout.js';
import { isHidden, isOddShardName, isShardName } from '../layouts/look.js';
import { type Entry, StorageFault } from '../storage/storage.js';
import { below, storageOf } from '../storage/storages.js';
import { unreadable } from '../storage/unreadable.js';
import { allowedIn } from './guard.js';
import { inBatches } from './in-batches.js';
import { type LeftOut, LeftOutTally } from './left-out.js';
import { compareNames } from './name-order.js';
import type { ProgressMeter } from './progress-meter.js';
import type { Scanner } from './scanner.js';
import type { ShardListing } from './shard.js';

/** A shard as the storage tells it. */
export interface ShardFile {
  readonly name: string;
  readonly bytes: number;
  /** `0` where there is none to rely on. */
  readonly version: string;
}

/** The shards of a place in their order. */
export interface ListedShards {
  readonly shards: readonly ShardFile[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * The shards of a place, sorted by name. Only regular files that stay inside the guard.
 *
 * @throws TributaryError SOURCE_UNREADABLE
 */
export async function listShards(place: Place): Promise<ListedShards> {
  const folder = below(place.root, place.folder);
  const storage = storageOf(folder);
  const within = await allowedIn(place);
  const { isShard = isShardName } = place;
  const found: Entry[] = [];
  const shards: ShardFile[] = [];
  const leftOut = new LeftOutTally();
  try {
    for await (const page of storage.list(folder, { within }))
      for (const entry of page) {
        if (isShard(entry.name)) found.push(entry);
        else if (isHidden(entry.name)) leftOut.add('hidden', entry.name);
        else if (isOddShardName(entry.name)) leftOut.add('shard_suffix', entry.name);
      }
    found.sort((a, b) => compareNames(a.name, b.name));
    const stats = await inBatches(found, async ({ name, kind, size, version }) => {
      if (kind !== 'file') return null;
      return size !== null && version !== undefined ? { kind, size, version } : storage.stat(below(folder, name));
    });
    for (const [i, { name, kind }] of found.entries()) {
      const stat = stats[i];
      if (stat?.kind === 'file') shards.push({ name, bytes: stat.size, version: stat.version });
      else leftOut.add(kind === 'file' || kind === 'folder' ? 'not_a_file' : kind, name);
    }
  } catch (error) {
    throw error instanceof StorageFault ? unreadable(error) : error;
  }
  return { shards, leftOut: leftOut.list() };
}

/** What was found in a shard, and whether it was known already. */
export interface ScannedShard {
  readonly file: ShardFile;
  readonly listing: ShardListing;
  readonly isReused: boolean;
}

/** So many shards are scanned at once, and no more wait for their turn. */
const shardsAhead = 64;

/**
 * Scans shards, several at once, and yields them in their order.
 *
 * @param known the listing of a shard that need not be scanned, where there is one.
 */
export async function* scanShards(
  scanner: Scanner,
  place: Place,
  files: readonly ShardFile[],
  known: (file: ShardFile) => ShardListing | null,
  meter: ProgressMeter,
): AsyncGenerator<ScannedShard, void> {
  for (const file of files) meter.expect(file.bytes);
  const scan = async (file: ShardFile): Promise<ScannedShard> => {
    const same = known(file);
    const url = below(place.root, below(place.folder, file.name));
    const listing = same ?? (await scanner.run('scanShard', { url }));
    meter.add(file.bytes, listing);
    return { file, listing, isReused: same !== null };
  };
  const ahead: Promise<ScannedShard>[] = [];
  let next = 0;
  while (next < files.length || ahead.length > 0) {
    while (next < files.length && ahead.length < shardsAhead) {
      const scanned = scan(files[next++]!);
      // It is awaited in its turn; until then its failure must not count as unhandled.
      scanned.catch(() => {});
      ahead.push(scanned);
    }
    yield await ahead.shift()!;
  }
}
