import { type LeftOut, lossOf } from '../scan/left-out.js';
import type { ShardListing } from '../scan/shard.js';
import type { ListedShards, ShardFile } from '../scan/shards.js';
import { columnRows, type MemberColumns, memberRows, RowCollector, rowsPerBatch } from './rows.js';
import type { Rows, Share, StoredManifest } from './stored-manifest.js';

/** The rows of shards; those that have not been scanned yet are left out. */
export function rowsOfShards(
  { shards: files, leftOut }: ListedShards,
  listings: readonly (ShardListing | null)[],
): Rows {
  const collector = new RowCollector();
  const members: MemberColumns[] = [];
  const shards: Rows['shards'] = [];
  const warnings: Rows['warnings'] = [];
  const left = leftOut.map((one) => ({ ...one, shard: '' }));
  const shares: Share[] = [];
  for (const [i, { name: shard }] of files.entries()) {
    const listing = listings[i];
    if (listing == null) continue;
    const { damage, successes, count } = listing;
    appendKeys(collector, shard, listing);
    members.push({ ...listing.members, shard: new Uint32Array(count).fill(shards.length) });
    left.push(...listing.leftOut.map((one) => ({ ...one, shard })));
    const { lost, missing } = lossOf(listing.leftOut);
    shares.push({ name: shard, lost, of: count + missing });
    shards.push([shard, listing.bytes, listing.version, count]);
    if (damage !== null)
      warnings.push({ shard, what: `damaged at byte ${damage.offset}: ${damage.what}; ${count} samples before it` });
    if (successes !== null && successes !== count)
      warnings.push({ shard, what: `${count} samples, but its _stats.json counts ${successes} successes` });
  }
  const batches = collector
    .finish()
    .map((batch, i) => ({ ...batch, members: memberRows(members, i * rowsPerBatch, batch.count) }));
  return { batches, classNames: [], folders: [], shards, warnings, leftOut: left, shares, lostClasses: [] };
}

function appendKeys(collector: RowCollector, shard: string, { names, count, sizes }: ShardListing): void {
  const prefix = Buffer.from(`${shard}/`, 'utf8');
  let start = 0;
  for (let i = 0; i < count; i++) {
    const end = names.indexOf(0, start);
    collector.append(prefix, names, start, end, sizes[i]!, -1);
    start = end + 1;
  }
}

/** A shard of a manifest, and what was listed for it. */
interface KnownShard extends ShardFile {
  readonly listing: () => ShardListing;
}

/** The shards of a manifest in their order. */
export function* shardsOf(known: StoredManifest): Generator<KnownShard, void> {
  let next = 0;
  for (const [name, bytes, version, count] of known.details.shards) {
    const first = next;
    next += count;
    yield { name, bytes, version, listing: () => listingOf(known, { name, bytes, version }, first, count) };
  }
}

/** Finds a shard among the sound ones of manifests, by name, size and version, as it was listed for them. */
export function knownShards(manifests: readonly StoredManifest[]): (file: ShardFile) => ShardListing | null {
  const shards = new Map<string, KnownShard>();
  for (const known of manifests) {
    const warned = new Set(known.details.warnings.map(({ shard }) => shard));
    for (const shard of shardsOf(known))
      if (!warned.has(shard.name) && shard.version !== '0')
        shards.set(`${shard.name}/${shard.bytes}/${shard.version}`, shard);
  }
  return ({ name, bytes, version }) => shards.get(`${name}/${bytes}/${version}`)?.listing() ?? null;
}

function listingOf(known: StoredManifest, file: ShardFile, first: number, count: number): ShardListing {
  const names = Array.from({ length: count }, (_, i) => `${known.key(first + i).slice(file.name.length + 1)}\0`);
  const sizes = known.batches.map((batch) => batch.sizes);
  const members = known.batches.map((batch) => batch.members!);
  return {
    ...file,
    names: new TextEncoder().encode(names.join('')),
    count,
    sizes: columnRows(sizes, first, new Uint32Array(count)),
    members: memberRows(members, first, count),
    damage: null,
    leftOut:
      known.details.leftOut?.filter(({ shard }) => shard === file.name).map(({ shard: _, ...one }) => one as LeftOut) ??
      [],
    successes: null,
  };
}
