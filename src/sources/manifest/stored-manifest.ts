import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Place, SampleKind } from '../layouts/layout.js';
import { isParquetName } from '../layouts/parquet.js';
import type { LeftOut } from '../scan/left-out.js';
import { compareKeys } from '../scan/name-order.js';
import { packings } from '../scan/shard.js';
import type { Location } from '../storage/storage.js';
import { below } from '../storage/storages.js';
import type { Manifest } from './manifest.js';
import type { Pages } from './pages.js';
import type { RowBatch } from './rows.js';

/** What a manifest's file says beside its rows, and what the cheap check compares. */
export const detailsSchema = z.object({
  /** 1 is the form without pages, 3 the one of rows that may be packed as `literal`. */
  format: z.literal([1, 2, 3]),
  source: z.string(),
  split: z.enum(['train', 'val']),
  layout: z.string(),
  /** Where the source was when it was indexed. */
  root: z.string(),
  /** The split's folder inside the root. */
  folder: z.string(),
  /** The folder that no sample's real path may leave: `root`, or `folder` inside it. */
  guard: z.enum(['root', 'folder']),
  count: z.int().nonnegative(),
  /** Size of all samples together. */
  bytes: z.int().nonnegative(),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  classNames: z.array(z.string()),
  /** Every folder that was walked: path inside the root, version (a time in nanoseconds; `0`: not to be relied on). */
  folders: z.array(z.tuple([z.string(), z.string()])),
  /** Every shard in its order: name, size in bytes, version likewise, samples. */
  shards: z.array(z.tuple([z.string(), z.int(), z.string(), z.int()])),
  /** Shards that are damaged or at odds with their `_stats.json`. */
  warnings: z.array(z.object({ shard: z.string(), what: z.string() })),
  /** What was left out, by shard (empty for what lies in folders); absent where nothing was. */
  leftOut: z
    .array(z.object({ shard: z.string(), kind: z.string(), count: z.int(), examples: z.array(z.string()) }))
    .optional(),
  /** Whether the config said where links may lead; absent where it did not. */
  followsLinks: z.literal(true).optional(),
});

/** See `detailsSchema`. */
export type ManifestDetails = z.infer<typeof detailsSchema>;

/** What is to be said of a source's rows, whichever way its samples are stored. */
export interface Rows extends Pick<ManifestDetails, 'classNames' | 'folders' | 'shards' | 'warnings'> {
  /** By shard; empty for what lies in folders. */
  readonly leftOut: (LeftOut & { readonly shard: string })[];
  /** How much is lost, by class or by shard; of a source without either under an empty name. */
  readonly shares: Share[];
  /** Class folders that are left out or empty while torchvision's ImageFolder counts them: labels would shift. */
  readonly lostClasses: string[];
}

/** How much of a class or a shard is lost. */
export interface Share {
  readonly name: string;
  readonly lost: number;
  /** How many samples there are with those that are lost. */
  readonly of: number;
}

/** A manifest with what the check and the next indexing need of it. */
export interface StoredManifest extends Manifest {
  readonly details: ManifestDetails;
  readonly pages: Pages;
  /** The first index whose key sorts at or after `key`. */
  lowerBound(key: Uint8Array): number;
}

/**
 * A manifest over pages. Nothing is kept of a sample but what the pages keep; every accessor looks at one page, and
 * `find` at the logarithm of their number. An index outside [0, count) is a RangeError.
 *
 * @param place where the source is now; it may have moved since it was indexed.
 */
export function manifestOf(details: ManifestDetails, pages: Pages, place: Place): StoredManifest {
  const { count } = details;
  const guard = details.guard === 'root' ? place.root : below(place.root, place.folder);
  const outside = place.outside === undefined ? {} : { outside: place.outside };
  const shardFolder = below(place.root, place.folder);

  const at = (index: number): RowBatch => {
    if (!(Number.isInteger(index) && index >= 0 && index < count))
      throw new RangeError(`sample ${index} of ${count} in source ${details.source}`);
    return pages.at(Math.floor(index / pages.rowsPerPage));
  };
  const rowOf = (index: number): number => index % pages.rowsPerPage;
  const key = (index: number): string => {
    const { keys, keyOffsets } = at(index);
    const row = rowOf(index);
    const text = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength);
    return text.toString('utf8', keyOffsets[row]!, keyOffsets[row + 1]!);
  };
  const lowerBound = (wanted: Uint8Array): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const { keys, keyOffsets } = at(middle);
      const row = rowOf(middle);
      if (compareKeys(keys, keyOffsets[row]!, keyOffsets[row + 1]!, wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const inShard = (index: number, offset: bigint, length: number): Location => {
    const [name, , version] = details.shards[at(index).members!.shard[rowOf(index)]!]!;
    const known = version === '0' ? {} : { version };
    return { path: below(shardFolder, name), root: guard, ...outside, offset: Number(offset), length, ...known };
  };

  return {
    source: details.source,
    layout: details.layout,
    count,
    fingerprint: details.fingerprint,
    version: versionOf(details, details.fingerprint),
    classNames: details.classNames,
    details,
    pages,
    lowerBound,
    key,
    size: (index) => at(index).sizes[rowOf(index)]!,
    label(index) {
      const label = at(index).labels[rowOf(index)]!;
      return label < 0 ? null : { index: label, name: details.classNames[label]! };
    },
    location(index) {
      const { members, sizes } = at(index);
      const length = sizes[rowOf(index)]!;
      const row = rowOf(index);
      if (members !== null) {
        const location = inShard(index, members.offset[row]!, length);
        const packing = 'packing' in members ? packings[members.packing[row]!] : undefined;
        if (packing === undefined || !('packing' in members)) return location;
        return { ...location, packed: { packing, length: members.packedSize[row]!, skipped: members.skipped[row]! } };
      }
      return { path: below(place.root, key(index)), root: guard, ...outside, offset: null, length };
    },
    sibling(index, suffix) {
      const { members } = at(index);
      if (members === null || 'packing' in members) return null;
      const [offsets, lengths] =
        suffix === 'txt' ? [members.txtOffset, members.txtSize] : [members.jsonOffset, members.jsonSize];
      const offset = offsets[rowOf(index)]!;
      return offset === 0n ? null : inShard(index, offset, lengths[rowOf(index)]!);
    },
    find(wanted) {
      const bytes = Buffer.from(wanted, 'utf8');
      const index = lowerBound(bytes);
      return index < count && key(index) === wanted ? index : -1;
    },
  };
}

/** What the samples of a manifest are. */
export function kindOf({ shards: [first] }: Pick<ManifestDetails, 'shards'>): SampleKind {
  if (first === undefined) return 'files';
  return isParquetName(first[0]) ? 'rows' : 'members';
}

/** The version of a manifest, as `Manifest` has it. */
export function versionOf({ folders, shards }: ManifestDetails, fingerprint: string): string {
  return createHash('sha256')
    .update(JSON.stringify([fingerprint, folders, shards]))
    .digest('hex');
}

/**
 * The fingerprint of samples in their order, hex: SHA-256 over, for each, the key's length (32 bits, little-endian), the key
 * (UTF-8) and the size (64 bits, little-endian). It does not depend on where the source is.
 */
export class Fingerprint {
  readonly #hash = createHash('sha256');

  /** Takes in the next rows, or those of them that are `wanted`. */
  add({ count, keys, keyOffsets, sizes }: RowBatch, wanted: (row: number) => boolean = () => true): void {
    const text = new Uint8Array(keyOffsets[count]! - keyOffsets[0]! + 12 * count);
    const view = new DataView(text.buffer);
    let at = 0;
    for (let row = 0; row < count; row++) {
      if (!wanted(row)) continue;
      const start = keyOffsets[row]!;
      const end = keyOffsets[row + 1]!;
      view.setUint32(at, end - start, true);
      at += 4;
      for (let i = start; i < end; i++) text[at++] = keys[i]!;
      view.setUint32(at, sizes[row]!, true);
      at += 8;
    }
    this.#hash.update(text.subarray(0, at));
  }

  end(): string {
    return this.#hash.digest('hex');
  }
}

/** The fingerprint of all rows. */
export function fingerprintOf(batches: Iterable<RowBatch>): string {
  const fingerprint = new Fingerprint();
  for (const batch of batches) fingerprint.add(batch);
  return fingerprint.end();
}
