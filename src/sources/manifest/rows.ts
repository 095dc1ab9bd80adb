/** Rows of every batch but the last. A power of two, so that a row is found by shifts. */
export const rowsPerBatch = 1 << 16;

/** Columns of samples that are members of shards. Offsets are 64-bit, low word first; 0 is no sibling. */
export interface MemberColumns {
  readonly shard: Uint32Array<ArrayBuffer>;
  readonly offset: Uint32Array<ArrayBuffer>;
  readonly txtOffset: Uint32Array<ArrayBuffer>;
  readonly txtSize: Uint32Array<ArrayBuffer>;
  readonly jsonOffset: Uint32Array<ArrayBuffer>;
  readonly jsonSize: Uint32Array<ArrayBuffer>;
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

/** Where a member of a shard and its siblings are. */
export interface MemberRow {
  readonly shard: number;
  readonly offset: number;
  readonly txtOffset: number;
  readonly txtSize: number;
  readonly jsonOffset: number;
  readonly jsonSize: number;
}

/** Collects rows into batches. */
export class RowCollector {
  readonly #hasMembers: boolean;
  readonly #batches: RowBatch[] = [];
  #open: RowBatch;
  #keys = new Uint8Array(1 << 16);
  #used = 0;
  #count = 0;

  constructor(hasMembers: boolean) {
    this.#hasMembers = hasMembers;
    this.#open = emptyBatch(hasMembers);
  }

  /** Appends a row whose key is `prefix` and the bytes `start..end` of `names`. */
  append(
    prefix: Uint8Array,
    names: Uint8Array,
    start: number,
    end: number,
    size: number,
    label: number,
    member: MemberRow | null,
  ): void {
    if (this.#count === rowsPerBatch) this.#seal();
    const used = this.#used + prefix.length + end - start;
    if (used > this.#keys.length) this.#grow(used);
    this.#keys.set(prefix, this.#used);
    const shift = this.#used + prefix.length - start;
    for (let i = start; i < end; i++) this.#keys[i + shift] = names[i]!;
    this.#used = used;
    const row = this.#count++;
    this.#open.sizes[row] = size;
    this.#open.labels[row] = label;
    this.#open.keyOffsets[row + 1] = used;
    if (member !== null) appendMember(this.#open.members!, row, member);
  }

  /** The batches of all rows. The collector is empty after it. */
  finish(): RowBatch[] {
    if (this.#count > 0) this.#seal();
    return this.#batches.splice(0);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.#keys.length));
    larger.set(this.#keys);
    this.#keys = larger;
  }

  #seal(): void {
    const n = this.#count;
    const { keyOffsets, sizes, labels, members } = this.#open;
    this.#batches.push({
      count: n,
      keys: this.#keys.slice(0, this.#used),
      keyOffsets: keyOffsets.slice(0, n + 1),
      sizes: sizes.slice(0, n),
      labels: labels.slice(0, n),
      members: members && {
        shard: members.shard.slice(0, n),
        offset: members.offset.slice(0, 2 * n),
        txtOffset: members.txtOffset.slice(0, 2 * n),
        txtSize: members.txtSize.slice(0, n),
        jsonOffset: members.jsonOffset.slice(0, 2 * n),
        jsonSize: members.jsonSize.slice(0, n),
      },
    });
    this.#open = emptyBatch(this.#hasMembers);
    this.#used = 0;
    this.#count = 0;
  }
}

/** Value `row` of a column of 64-bit integers. */
export function wide(column: Uint32Array, row: number): number {
  return column[2 * row]! + column[2 * row + 1]! * 0x100000000;
}

function setWide(column: Uint32Array, row: number, value: number): void {
  column[2 * row] = value % 0x100000000;
  column[2 * row + 1] = Math.floor(value / 0x100000000);
}

function appendMember(columns: MemberColumns, row: number, member: MemberRow): void {
  columns.shard[row] = member.shard;
  setWide(columns.offset, row, member.offset);
  setWide(columns.txtOffset, row, member.txtOffset);
  columns.txtSize[row] = member.txtSize;
  setWide(columns.jsonOffset, row, member.jsonOffset);
  columns.jsonSize[row] = member.jsonSize;
}

function emptyBatch(hasMembers: boolean): RowBatch {
  const n = rowsPerBatch;
  return {
    count: 0,
    keys: new Uint8Array(0),
    keyOffsets: new Int32Array(n + 1),
    sizes: new Uint32Array(n),
    labels: new Int32Array(n),
    members: hasMembers
      ? {
          shard: new Uint32Array(n),
          offset: new Uint32Array(2 * n),
          txtOffset: new Uint32Array(2 * n),
          txtSize: new Uint32Array(n),
          jsonOffset: new Uint32Array(2 * n),
          jsonSize: new Uint32Array(n),
        }
      : null,
  };
}
