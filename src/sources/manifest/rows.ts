import type { MemberPlaces } from '../scan/shard.js';

/**
 * Rows of every batch but the last, which is a page of the manifest's file: some 22 KB for members of shards, which are read, and
 * compared with their CRC, in less than 0.1 ms.
 */
export const rowsPerBatch = 1 << 8;

/** Columns of samples that are members of shards. */
export interface MemberColumns extends MemberPlaces {
  /** Index of the shard among the manifest's. */
  readonly shard: Uint32Array<ArrayBuffer>;
}

/** Up to `rowsPerBatch` samples by columns: as they are collected, as they lie in the file, and as they are kept in memory. */
export interface RowBatch {
  readonly count: number;
  /** Keys, UTF-8, one after the other; row i is `keyOffsets[i]` up to `keyOffsets[i + 1]`. */
  readonly keys: Uint8Array<ArrayBuffer>;
  readonly keyOffsets: Int32Array<ArrayBuffer>;
  readonly sizes: Uint32Array<ArrayBuffer>;
  /** Class index, -1 for none. */
  readonly labels: Int32Array<ArrayBuffer>;
  readonly members: MemberColumns | null;
}

/** Collects rows into batches. */
export class RowCollector {
  readonly #batches: RowBatch[] = [];
  readonly #keyOffsets = new Int32Array(rowsPerBatch + 1);
  readonly #sizes = new Uint32Array(rowsPerBatch);
  readonly #labels = new Int32Array(rowsPerBatch);
  readonly #members: MemberColumns | null;
  #keys = new Uint8Array(1 << 16);
  #count = 0;

  /** @param hasMembers whether every row is a member of a shard. */
  constructor(hasMembers = false) {
    this.#members = hasMembers
      ? columnsBy(
          () => new Uint32Array(rowsPerBatch),
          () => new BigUint64Array(rowsPerBatch),
        )
      : null;
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
  place(shard: number, places: MemberPlaces, i: number): void {
    const members = this.#members!;
    const row = this.#count - 1;
    members.shard[row] = shard;
    members.offset[row] = places.offset[i]!;
    members.txtOffset[row] = places.txtOffset[i]!;
    members.txtSize[row] = places.txtSize[i]!;
    members.jsonOffset[row] = places.jsonOffset[i]!;
    members.jsonSize[row] = places.jsonSize[i]!;
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
    const members = this.#members;
    this.#batches.push({
      count,
      keys: this.#keys.slice(0, this.#keyOffsets[count]),
      keyOffsets: this.#keyOffsets.slice(0, count + 1),
      sizes: this.#sizes.slice(0, count),
      labels: this.#labels.slice(0, count),
      members:
        members &&
        columnsBy(
          (pick) => pick(members).slice(0, count),
          (pick) => pick(members).slice(0, count),
        ),
    });
    this.#count = 0;
  }
}

/** Rows from `first` on of a column that lies in parts, as many as `into` holds. */
export function columnRows<C extends Uint32Array | BigUint64Array>(parts: readonly C[], first: number, into: C): C {
  let at = -first;
  for (const part of parts) {
    const rows = part.subarray(Math.max(0, -at), Math.max(0, into.length - at)) as C;
    if (rows.length > 0) into.set(rows as never, Math.max(0, at));
    at += part.length;
  }
  return into;
}

/** The same for all columns of members. */
export function memberRows(parts: readonly MemberColumns[], first: number, count: number): MemberColumns {
  const words = (pick: (part: MemberColumns) => Uint32Array<ArrayBuffer>) =>
    columnRows(parts.map(pick), first, new Uint32Array(count));
  const offsets = (pick: (part: MemberColumns) => BigUint64Array<ArrayBuffer>) =>
    columnRows(parts.map(pick), first, new BigUint64Array(count));
  return columnsBy(words, offsets);
}

function columnsBy(
  words: (pick: (part: MemberColumns) => Uint32Array<ArrayBuffer>) => Uint32Array<ArrayBuffer>,
  offsets: (pick: (part: MemberColumns) => BigUint64Array<ArrayBuffer>) => BigUint64Array<ArrayBuffer>,
): MemberColumns {
  return {
    shard: words(({ shard }) => shard),
    offset: offsets(({ offset }) => offset),
    txtOffset: offsets(({ txtOffset }) => txtOffset),
    txtSize: words(({ txtSize }) => txtSize),
    jsonOffset: offsets(({ jsonOffset }) => jsonOffset),
    jsonSize: words(({ jsonSize }) => jsonSize),
  };
}
