import type { ShardListing } from '../scan/shard.js';
import type { ShardFile } from '../scan/shards.js';
import { type RowBatch, RowCollector, rowsPerBatch, wide } from './rows.js';
import type { StoredManifest } from './stored-manifest.js';

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
}

/** The rows of shards; those that have not been scanned yet are left out. */
export function rowsOfShards(files: readonly ShardFile[], listings: readonly (ShardListing | null)[]): ShardRows {
  const collector = new RowCollector(true);
  const shards: [string, number, string, number][] = [];
  const warnings: ShardWarning[] = [];
  for (const [i, file] of files.entries()) {
    const listing = listings[i];
    if (listing == null) continue;
    appendShard(collector, file.name, shards.length, listing);
    shards.push([file.name, listing.bytes, listing.version, listing.count]);
    const { damage, successes, count } = listing;
    if (damage !== null)
      warnings.push({
        shard: file.name,
        what: `damaged at byte ${damage.offset}: ${damage.what}; ${count} samples before it`,
      });
    if (successes !== null && successes !== count)
      warnings.push({ shard: file.name, what: `${count} samples, but its _stats.json counts ${successes} successes` });
  }
  return { batches: collector.finish(), shards, warnings };
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

/** Finds a shard among the sound ones of manifests, by name, size and version, as it was listed for them. */
export function knownShards(manifests: readonly StoredManifest[]): (file: ShardFile) => ShardListing | null {
  const shards = new Map<string, () => ShardListing>();
  for (const known of manifests) {
    const warned = new Set(known.details.warnings.map(({ shard }) => shard));
    let first = 0;
    for (const [name, bytes, version, count] of known.details.shards) {
      const start = first;
      if (!warned.has(name) && version !== '0')
        shards.set(`${name}/${bytes}/${version}`, () => listingOf(known, name, bytes, version, start, count));
      first += count;
    }
  }
  return ({ name, bytes, version }) => shards.get(`${name}/${bytes}/${version}`)?.() ?? null;
}

function listingOf(
  known: StoredManifest,
  name: string,
  bytes: number,
  version: string,
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
    version,
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
