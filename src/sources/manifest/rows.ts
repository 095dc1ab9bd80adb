import type { SampleKind } from '../layouts/layout.js';
import type { MemberPlaces, RowPlaces } from '../scan/shard.js';

/**
 * Rows of every batch but the last, which is a page of the manifest's file: some 22 KB for members of shards, which are read, and
 * compared with their CRC, in less than 0.1 ms.
 */
export const rowsPerBatch = 1 << 8;

interface InShard {
  /** Index of the shard among the manifest's. */
  readonly shard: Uint32Array<ArrayBuffer>;
}

/** Columns of samples that are members of tar shards. */
export interface MemberColumns extends MemberPlaces, InShard {}

/** Columns of samples that are rows of Parquet shards. */
export interface RowColumns extends RowPlaces, InShard {}

/** The columns of samples in shards by their kind, in the order of the file, and the bytes of a value of each. */
export const shardColumns = {
  members: { shard: 4, offset: 8, txtOffset: 8, txtSize: 4, jsonOffset: 8, jsonSize: 4 },
  rows: { shard: 4, offset: 8, packing: 4, packedSize: 4, skipped: 4 },
} as const;

type Column = Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;
type ColumnsByName = Record<string, Column>;

/** Up to `rowsPerBatch` samples by columns: as they are collected, as they lie in the file, and as they are kept in memory. */
export interface RowBatch {
  readonly count: number;
  /** Keys, UTF-8, one after the other; row i is `keyOffsets[i]` up to `keyOffsets[i + 1]`. */
  readonly keys: Uint8Array<ArrayBuffer>;
  readonly keyOffsets: Int32Array<ArrayBuffer>;
  readonly sizes: Uint32Array<ArrayBuffer>;
  /** Class index, -1 for none. */
  readonly labels: Int32Array<ArrayBuffer>;
  readonly members: MemberColumns | RowColumns | null;
}

/** Collects rows into batches. */
export class RowCollector {
  readonly #batches: RowBatch[] = [];
  readonly #keyOffsets = new Int32Array(rowsPerBatch + 1);
  readonly #sizes = new Uint32Array(rowsPerBatch);
  readonly #labels = new Int32Array(rowsPerBatch);
  readonly #kind: SampleKind;
  readonly #members: MemberColumns | RowColumns | null;
  #keys = new Uint8Array(1 << 16);
  #count = 0;

  constructor(kind: SampleKind = 'files') {
    this.#kind = kind;
    this.#members = columnsOf(kind, (_, bytes) => columnFor(bytes, rowsPerBatch));
  }

  /** Appends a row whose key is `prefix` and the bytes `start..end` of `names`. */
  append(prefix: Uint8Array, names: Uint8Array, start: number, end: number, size: number, label: number): void {
    if (this.#count === rowsPerBatch) this.#seal();
    const row = this.#count++;
    const at = this.#keyOffsets[row]!;
    const used = at + prefix.length + end - start;
    if (used > this.#keys.length) {
      const larger = new Uint8Array(2 * used);
      larger.set(this.#keys);
      this.#keys = larger;
    }
    this.#keys.set(prefix, at);
    const shift = at + prefix.length - start;
    for (let i = start; i < end; i++) this.#keys[i + shift] = names[i]!;
    this.#sizes[row] = size;
    this.#labels[row] = label;
    this.#keyOffsets[row + 1] = used;
  }

  /** Says where the row that was appended last lies: at `i` of these places in a shard. */
  place(shard: number, places: MemberPlaces | RowPlaces, i: number): void {
    const row = this.#count - 1;
    const members = this.#members!;
    for (const name in places) byName(members)[name]![row] = byName(places)[name]![i]!;
    // Places of an earlier manifest have its own number of the shard.
    members.shard[row] = shard;
  }

  /** The batches that are full, which the collector then has no more. */
  full(): RowBatch[] {
    return this.#batches.splice(0);
  }

  /** The batches of all rows. The collector is empty after it. */
  finish(): RowBatch[] {
    if (this.#count > 0) this.#seal();
    return this.full();
  }

  #seal(): void {
    const count = this.#count;
    const members = this.#members && byName(this.#members);
    this.#batches.push({
      count,
      keys: this.#keys.slice(0, this.#keyOffsets[count]),
      keyOffsets: this.#keyOffsets.slice(0, count + 1),
      sizes: this.#sizes.slice(0, count),
      labels: this.#labels.slice(0, count),
      members: members && columnsOf(this.#kind, (name) => members[name]!.slice(0, count)),
    });
    this.#count = 0;
  }
}

/** Rows from `first` on of a column that lies in parts, as many as `into` holds. */
export function columnRows<C extends Uint32Array | Int32Array | BigUint64Array>(
  parts: readonly C[],
  first: number,
  into: C,
): C {
  let at = -first;
  for (const part of parts) {
    const rows = part.subarray(Math.max(0, -at), Math.max(0, into.length - at)) as C;
    if (rows.length > 0) into.set(rows as never, Math.max(0, at));
    at += part.length;
  }
  return into;
}

/** The same for all columns of samples in shards. */
export function memberRows<C extends MemberColumns | RowColumns>(parts: readonly C[], first: number, count: number): C {
  const kind = parts[0] !== undefined && 'packing' in parts[0] ? 'rows' : 'members';
  const columns = columnsOf(kind, (name, bytes) =>
    columnRows(
      parts.map((part) => byName(part)[name]!),
      first,
      columnFor(bytes, count),
    ),
  );
  return columns as C;
}

/** Makes the columns of a kind of samples; null for files, which have none. */
export function columnsOf(
  kind: SampleKind,
  make: (name: string, bytes: 4 | 8) => Column,
): MemberColumns | RowColumns | null {
  if (kind === 'files') return null;
  const columns = Object.entries(shardColumns[kind]).map(([name, bytes]) => [name, make(name, bytes)]);
  return Object.fromEntries(columns) as MemberColumns | RowColumns;
}

function columnFor(bytes: 4 | 8, count: number): Column {
  return bytes === 4 ? new Uint32Array(count) : new BigUint64Array(count);
}

function byName(columns: MemberPlaces | RowPlaces): ColumnsByName {
  return columns as unknown as ColumnsByName;
}
