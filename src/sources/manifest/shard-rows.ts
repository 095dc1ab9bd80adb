import { TributaryError } from '../../errors.js';
import type { SampleKind } from '../layouts/layout.js';
import { type LeftOut, lossOf } from '../scan/left-out.js';
import type { ShardListing } from '../scan/shard.js';
import type { ShardFile } from '../scan/shards.js';
import { columnRows, memberRows, type RowBatch, RowCollector } from './rows.js';
import type { Rows, StoredManifest } from './stored-manifest.js';

/** Collects the rows of shards, one shard after the other in their order, and what is to be said of them. */
export class ShardRows {
  readonly #collector: RowCollector;
  readonly #classes = new Map<string, number>();
  readonly rows: Rows;

  constructor(kind: SampleKind, leftOut: readonly LeftOut[]) {
    this.#collector = new RowCollector(kind);
    const left = leftOut.map((one) => ({ ...one, shard: '' }));
    this.rows = { classNames: [], folders: [], shards: [], warnings: [], leftOut: left, shares: [], lostClasses: [] };
  }

  /** Takes in the next shard. @returns the batches that are full. */
  add(
    shard: string,
    { bytes, version, names, count, sizes, members, labels, classNames, leftOut, damage, successes }: ShardListing,
  ): RowBatch[] {
    const { shards, leftOut: left, shares, warnings } = this.rows;
    const prefix = Buffer.from(`${shard}/`, 'utf8');
    const numbers = classNames.map((name) => this.#numberOf(name));
    let start = 0;
    for (let i = 0; i < count; i++) {
      const end = names.indexOf(0, start);
      this.#collector.append(prefix, names, start, end, sizes[i]!, numbers[labels?.[i] ?? -1] ?? -1);
      this.#collector.place(shards.length, members, i);
      start = end + 1;
    }
    left.push(...leftOut.map((one) => ({ ...one, shard })));
    const { lost, missing } = lossOf(leftOut);
    shares.push({ name: shard, lost, of: count + missing });
    shards.push([shard, bytes, version, count]);
    if (damage !== null)
      warnings.push({ shard, what: `damaged at byte ${damage.offset}: ${damage.what}; ${count} samples before it` });
    if (successes !== null && successes !== count)
      warnings.push({ shard, what: `${count} samples, but its _stats.json counts ${successes} successes` });
    return this.#collector.full();
  }

  /** Shards number their classes by themselves; those of the first keep their numbers. */
  #numberOf(name: string): number {
    const { classNames } = this.rows;
    const known = this.#classes.get(name);
    if (known !== undefined) return known;
    this.#classes.set(name, classNames.length);
    return classNames.push(name) - 1;
  }

  /** The batches that are left. */
  finish(): RowBatch[] {
    return this.#collector.finish();
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
  return ({ name, bytes, version }) => {
    try {
      return shards.get(`${name}/${bytes}/${version}`)?.listing() ?? null;
    } catch (error) {
      // The page is damaged: the shard itself says the same.
      if (error instanceof TributaryError) return null;
      throw error;
    }
  };
}

const nul = Buffer.alloc(1);

function listingOf(known: StoredManifest, file: ShardFile, first: number, count: number): ShardListing {
  const { rowsPerPage } = known.pages;
  const firstPage = Math.floor(first / rowsPerPage);
  const parts = Array.from({ length: Math.ceil((first + count) / rowsPerPage) - firstPage }, (_, i) =>
    known.pages.read(firstPage + i),
  );
  const skipped = first - firstPage * rowsPerPage;
  const names = parts.flatMap(({ count: rows, keys, keyOffsets }, i) => {
    const text = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength);
    const [start, end] = [Math.max(0, skipped - i * rowsPerPage), Math.min(rows, skipped + count - i * rowsPerPage)];
    return Array.from({ length: end - start }, (_, row) =>
      text.subarray(keyOffsets[start + row]! + file.name.length + 1, keyOffsets[start + row + 1]!),
    );
  });
  return {
    ...file,
    names: new Uint8Array(Buffer.concat(names.flatMap((name) => [name, nul]))),
    count,
    sizes: columnRows(
      parts.map((batch) => batch.sizes),
      skipped,
      new Uint32Array(count),
    ),
    members: memberRows(
      parts.map((batch) => batch.members!),
      skipped,
      count,
    ),
    labels: columnRows(
      parts.map((batch) => batch.labels),
      skipped,
      new Int32Array(count),
    ),
    classNames: known.details.classNames,
    damage: null,
    leftOut:
      known.details.leftOut?.filter(({ shard }) => shard === file.name).map(({ shard: _, ...one }) => one as LeftOut) ??
      [],
    successes: null,
  };
}
