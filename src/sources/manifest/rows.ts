import type { MemberPlaces } from '../scan/shard.js';

/** Rows of every batch but the last. A power of two, so that a row is found by shifts. */
export const rowsPerBatch = 1 << 16;

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

/** Collects rows into batches, without the columns of members. */
export class RowCollector {
  readonly #batches: RowBatch[] = [];
  readonly #keyOffsets = new Int32Array(rowsPerBatch + 1);
  readonly #sizes = new Uint32Array(rowsPerBatch);
  readonly #labels = new Int32Array(rowsPerBatch);
  #keys = new Uint8Array(1 << 16);
  #count = 0;

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

  /** The batches of all rows. The collector is empty after it. */
  finish(): RowBatch[] {
    if (this.#count > 0) this.#seal();
    return this.#batches.splice(0);
  }

  #seal(): void {
    const count = this.#count;
    this.#batches.push({
      count,
      keys: this.#keys.slice(0, this.#keyOffsets[count]),
      keyOffsets: this.#keyOffsets.slice(0, count + 1),
      sizes: this.#sizes.slice(0, count),
      labels: this.#labels.slice(0, count),
      members: null,
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

/** The columns of the members that lie at these indices of batches. */
export function memberRowsAt(batches: readonly RowBatch[], indices: readonly number[]): MemberColumns {
  const words = (pick: (part: MemberColumns) => Uint32Array) =>
    Uint32Array.from(indices, (index) => pick(membersOf(batches, index))[index % rowsPerBatch]!);
  const offsets = (pick: (part: MemberColumns) => BigUint64Array) =>
    BigUint64Array.from(indices, (index) => pick(membersOf(batches, index))[index % rowsPerBatch]!);
  return columnsBy(words, offsets);
}

function membersOf(batches: readonly RowBatch[], index: number): MemberColumns {
  return batches[Math.floor(index / rowsPerBatch)]!.members!;
}

/** The same for the columns of members. */
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
