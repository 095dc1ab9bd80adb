import { TributaryError } from '../../errors.js';
import type { Place } from '../layouts/layout.js';
import { type MeasuredFiles, measureFiles, walkFolder } from '../scan/folders.js';
import { guardOf } from '../scan/guard.js';
import { inBatches } from '../scan/in-batches.js';
import { ProgressMeter } from '../scan/progress-meter.js';
import { Scanner } from '../scan/scanner.js';
import { listShards } from '../scan/shards.js';
import { below, storageOf } from '../storage/storages.js';
import { rowsOfFolders } from './folder-rows.js';
import { manifestOf, type StoredManifest } from './stored-manifest.js';

/** How a source differs from its manifest, by key. */
interface SourceChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly resized: readonly string[];
}

/** So many files, evenly spread, are asked for their size. */
const spotChecks = 64;

/**
 * Compares a source with its manifest without reading a sample: sizes and versions of shards, or versions of folders, and the
 * sizes of a few files. What has another version is looked at again, and is fine where keys and sizes are what they were.
 * A file that is overwritten in place with one of another size is found by this only if it is one of the few; reading it
 * fails in any case. One of the same size is another file of the same fingerprint.
 *
 * @param place where the source is now.
 * @throws TributaryError SOURCE_CHANGED, naming what changed, or SOURCE_UNREADABLE.
 */
export async function checkManifest(manifest: StoredManifest, place: Place): Promise<void> {
  const scanner = new Scanner();
  try {
    const changes =
      manifest.details.shards.length > 0
        ? await compareShards(scanner, manifest, place)
        : await compareFolders(scanner, manifest, place);
    if (changes.added.length + changes.removed.length + changes.resized.length > 0) throw changed(manifest, changes);
  } finally {
    await scanner.close();
  }
}

async function compareShards(scanner: Scanner, manifest: StoredManifest, place: Place): Promise<SourceChanges> {
  const { shards } = await listShards(place);
  const now = new Map(shards.map((shard) => [shard.name, shard]));
  const removed: string[] = [];
  const resized: string[] = [];
  const again: { name: string; first: number; count: number }[] = [];
  let first = 0;
  for (const [name, bytes, version, count] of manifest.details.shards) {
    const shard = now.get(name);
    if (shard === undefined) removed.push(name);
    else if (shard.bytes !== bytes) resized.push(name);
    else if (version === '0' || shard.version !== version) again.push({ name, first, count });
    now.delete(name);
    first += count;
  }
  await inBatches(again, async ({ name, first, count }) => {
    const listing = await scanner.scanShard({ url: below(place.root, below(place.folder, name)) });
    const names = listing.count === count ? Buffer.from(listing.names).toString('utf8').split('\0') : [];
    const same =
      listing.count === count &&
      names.slice(0, count).every((member, i) => {
        const { offset, length } = manifest.location(first + i);
        return (
          manifest.key(first + i) === `${name}/${member}` &&
          length === listing.sizes[i] &&
          offset === listing.offsets[i]
        );
      });
    if (!same) resized.push(name);
  });
  return { added: [...now.keys()], removed, resized };
}

async function compareFolders(scanner: Scanner, manifest: StoredManifest, place: Place): Promise<SourceChanges> {
  const storage = storageOf(place.root);
  const within = await guardOf(place);
  const known = new Set(manifest.details.folders.map(([path]) => path));
  const again: string[] = [];
  const gone: string[] = [];
  await inBatches(manifest.details.folders, async ([path, version]) => {
    const stat = await storage.stat(below(place.root, path)).catch(() => null);
    if (stat === null) gone.push(path);
    else if (version === '0' || stat.version !== version) again.push(path);
  });
  const changes = { added: [] as string[], removed: [] as string[], resized: [] as string[] };
  for (const path of gone) changes.removed.push(...keysDirectlyIn(manifest, path).map((index) => manifest.key(index)));
  const meter = new ProgressMeter(manifest.source, undefined);
  await inBatches(again, async (path) => {
    const prefix = path === '' ? '' : `${path}/`;
    const task = { url: below(place.root, path), prefix, within };
    const listing = await scanner.listFolder(task);
    const { files } = await measureFiles(scanner, task, listing, meter);
    compareFiles(manifest, path, files, changes);
    for (const name of listing.folders) {
      if (known.has(prefix + name)) continue;
      const { batches } = rowsOfFolders(await walkFolder(scanner, place, within, prefix + name, meter), false);
      const count = batches.reduce((sum, batch) => sum + batch.count, 0);
      const fresh = manifestOf({ ...manifest.details, count }, batches, place);
      for (let i = 0; i < count; i++) changes.added.push(fresh.key(i));
    }
  });
  await spotCheck(manifest, place, changes);
  return changes;
}

function compareFiles(
  manifest: StoredManifest,
  path: string,
  files: readonly MeasuredFiles[],
  changes: { added: string[]; removed: string[]; resized: string[] },
): void {
  const prefix = path === '' ? '' : `${path}/`;
  const now = new Map<string, number>();
  for (const { names, count, sizes } of files) {
    const list = Buffer.from(names).toString('utf8').split('\0');
    for (let i = 0; i < count; i++) now.set(prefix + list[i]!, sizes[i]!);
  }
  for (const index of keysDirectlyIn(manifest, path)) {
    const key = manifest.key(index);
    const size = now.get(key);
    if (size === undefined) changes.removed.push(key);
    else if (size !== manifest.size(index)) changes.resized.push(key);
    now.delete(key);
  }
  for (const key of now.keys()) changes.added.push(key);
}

/** Indices of the samples that lie in a folder itself, not below it. */
function keysDirectlyIn(manifest: StoredManifest, path: string): number[] {
  const prefix = path === '' ? '' : `${path}/`;
  const indices: number[] = [];
  for (let i = manifest.lowerBound(Buffer.from(prefix)); i < manifest.count; i++) {
    const key = manifest.key(i);
    if (!key.startsWith(prefix)) break;
    if (!key.includes('/', prefix.length)) indices.push(i);
  }
  return indices;
}

async function spotCheck(
  manifest: StoredManifest,
  place: Place,
  changes: { removed: string[]; resized: string[] },
): Promise<void> {
  const storage = storageOf(place.root);
  const count = Math.min(spotChecks, manifest.count);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * manifest.count) / count));
  const named = new Set([...changes.removed, ...changes.resized]);
  await inBatches(indices, async (index) => {
    const key = manifest.key(index);
    if (named.has(key)) return;
    const stat = await storage.stat(below(place.root, key)).catch(() => null);
    if (stat === null) changes.removed.push(key);
    else if (stat.size !== manifest.size(index)) changes.resized.push(key);
  });
}

function changed(manifest: StoredManifest, changes: SourceChanges): TributaryError {
  const parts = Object.entries(changes)
    .filter(([, keys]) => keys.length > 0)
    .map(([what, keys]: [string, readonly string[]]) => {
      const more = keys.length > 3 ? ` and ${keys.length - 3} more` : '';
      // Folders are compared as storage answers; every replica should name the same.
      return `${keys.length} ${what} (${keys.toSorted().slice(0, 3).join(', ')}${more})`;
    });
  return new TributaryError('SOURCE_CHANGED', {
    expected: `source ${manifest.source} as it was indexed, with fingerprint ${manifest.fingerprint.slice(0, 12)}`,
    came: parts.join(', '),
    remedy: 'Restore the source, or run `npx tributary index`: runs over the edited source are other runs',
    metadata: { source: manifest.source, fingerprint: manifest.fingerprint },
  });
}
