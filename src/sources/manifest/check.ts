import { isDeepStrictEqual } from 'node:util';
import { TributaryError } from '../../errors.js';
import type { Place } from '../layouts/layout.js';
import { seen } from '../layouts/look.js';
import { prefixOf, splitNames } from '../scan/folder.js';
import { type WalkedFolder, walkFolder } from '../scan/folders.js';
import { allowedIn } from '../scan/guard.js';
import { inBatches } from '../scan/in-batches.js';
import { ProgressMeter } from '../scan/progress-meter.js';
import { Scanner } from '../scan/scanner.js';
import type { ShardListing } from '../scan/shard.js';
import { listShards } from '../scan/shards.js';
import { below } from '../storage/storages.js';
import { whenHere } from './away.js';
import { shardsOf } from './shard-rows.js';
import { type ManifestDetails, manifestOf, type StoredManifest } from './stored-manifest.js';

/** How a source differs from its manifest, by key. */
type SourceChanges = Readonly<Record<'added' | 'removed' | 'resized', string[]>>;

/** So many files, evenly spread, are asked for their size. */
const spotChecks = 64;

/**
 * Compares a source with its manifest without reading a sample: sizes and versions of shards, or versions of folders, and the
 * sizes of a few files. What has another version is looked at again, and is fine where keys and sizes are what they were.
 * A file that is overwritten in place with one of another size is found by this only if it is one of the few; reading it
 * fails in any case. One of the same size is another file of the same fingerprint.
 *
 * @param place where the source is now.
 * @returns the manifest with its shards' versions as they are now.
 * @throws TributaryError SOURCE_CHANGED, naming what changed, or SOURCE_UNREADABLE.
 */
export async function checkManifest(manifest: StoredManifest, place: Place): Promise<StoredManifest> {
  const scanner = new Scanner();
  const changes: SourceChanges = { added: [], removed: [], resized: [] };
  let shards = manifest.details.shards;
  try {
    if (shards.length > 0) shards = await compareShards(scanner, manifest, place, changes);
    else await compareFolders(scanner, manifest, place, changes);
  } finally {
    await scanner.close();
  }
  if (changes.added.length + changes.removed.length + changes.resized.length > 0) throw changed(manifest, changes);
  return isDeepStrictEqual(shards, manifest.details.shards)
    ? manifest
    : manifestOf({ ...manifest.details, shards }, manifest.pages, place);
}

async function compareShards(
  scanner: Scanner,
  manifest: StoredManifest,
  place: Place,
  changes: SourceChanges,
): Promise<ManifestDetails['shards']> {
  const { shards } = await listShards(place);
  const now = new Map(shards.map((shard) => [shard.name, shard]));
  const versions = new Map(shards.map((shard) => [shard.name, shard.version]));
  await inBatches([...shardsOf(manifest)], async ({ name, bytes, version, listing }) => {
    const shard = now.get(name);
    now.delete(name);
    if (shard === undefined) changes.removed.push(name);
    else if (shard.bytes !== bytes) changes.resized.push(name);
    else if (version === '0' || shard.version !== version) {
      const url = below(place.root, below(place.folder, name));
      const samples = (shard: ShardListing) => [shard.names, shard.sizes, shard.members.offset, classesOf(shard)];
      const found = samples(await scanner.run('scanShard', { url }));
      if (!isDeepStrictEqual(found, samples(await whenHere(listing)))) changes.resized.push(name);
    }
  });
  changes.added.push(...now.keys());
  // What had no version to rely on goes on without: it would have another name in caches after each start.
  return manifest.details.shards.map(([name, bytes, version, count]) => [
    name,
    bytes,
    version === '0' ? version : (versions.get(name) ?? version),
    count,
  ]);
}

/** The class of each sample by name, as shards number their classes by themselves. */
function classesOf({ count, labels, classNames }: ShardListing): (string | undefined)[] {
  return Array.from({ length: count }, (_, i) => classNames[labels?.[i] ?? -1]);
}

async function compareFolders(
  scanner: Scanner,
  manifest: StoredManifest,
  place: Place,
  changes: SourceChanges,
): Promise<void> {
  const within = await allowedIn(place);
  const meter = new ProgressMeter(manifest.source, undefined);
  const known = new Set(manifest.details.folders.map(([path]) => path));
  await inBatches(manifest.details.folders, async ([path, version]) => {
    const stat = await seen(below(place.root, path));
    if (version !== '0' && stat?.version === version) return;
    // Known folders below it are compared by themselves.
    const isKnown = (other: string) => known.has(other);
    const now = new Map(stat && filesOf(await walkFolder(scanner, place, within, path, meter, isKnown)));
    for await (const [key, indexed] of samplesDirectlyIn(manifest, path)) {
      const size = now.get(key);
      if (size === undefined) changes.removed.push(key);
      else if (size !== indexed) changes.resized.push(key);
      now.delete(key);
    }
    for (const key of now.keys()) changes.added.push(key);
  });
  await spotCheck(manifest, place, changes);
}

/** Keys and sizes of a walked folder's files, and of those below it. */
function* filesOf({ path, files, folders }: WalkedFolder): Generator<[string, number], void> {
  const prefix = prefixOf(path);
  for (const { names, sizes } of files)
    for (const [i, name] of splitNames(names).entries()) yield [prefix + name, sizes[i]!];
  for (const [, folder] of folders) yield* filesOf(folder);
}

/** Keys and sizes of the samples that lie in a folder itself, not below it. */
async function* samplesDirectlyIn(manifest: StoredManifest, path: string): AsyncGenerator<[string, number], void> {
  const prefix = prefixOf(path);
  const first = await whenHere(() => manifest.lowerBound(Buffer.from(prefix)));
  for (let i = first; i < manifest.count; i++) {
    const [key, size] = await whenHere(() => sampleAt(manifest, i));
    if (!key.startsWith(prefix)) return;
    if (!key.includes('/', prefix.length)) yield [key, size];
  }
}

function sampleAt(manifest: StoredManifest, index: number): [string, number] {
  return [manifest.key(index), manifest.size(index)];
}

async function spotCheck(manifest: StoredManifest, place: Place, changes: SourceChanges): Promise<void> {
  const count = Math.min(spotChecks, manifest.count);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * manifest.count) / count));
  const named = new Set([...changes.removed, ...changes.resized]);
  await inBatches(indices, async (index) => {
    const [key, size] = await whenHere(() => sampleAt(manifest, index));
    if (named.has(key)) return;
    const stat = await seen(below(place.root, key));
    if (stat === null) changes.removed.push(key);
    else if (stat.size !== size) changes.resized.push(key);
  });
}

function changed(manifest: StoredManifest, changes: SourceChanges): TributaryError {
  const parts = Object.entries(changes)
    .filter(([, keys]) => keys.length > 0)
    .map(([what, keys]) => {
      const more = keys.length > 3 ? ` and ${keys.length - 3} more` : '';
      // Folders are compared as storage answers; every replica should name the same.
      return `${keys.length} ${what} (${keys.toSorted().slice(0, 3).join(', ')}${more})`;
    });
  return new TributaryError('SOURCE_CHANGED', {
    expected: `source ${manifest.source} as it was indexed, with fingerprint ${manifest.fingerprint.slice(0, 12)}`,
    came: parts.join(', '),
    remedy: 'Restore the source, or run `tributary index`: runs over the edited source are other runs',
    metadata: { source: manifest.source, fingerprint: manifest.fingerprint },
  });
}
