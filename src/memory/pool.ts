/**
 * Buffers that are used again: `take` gives what `give` has brought back, for its own length alone, or makes some. What is taken and
 * what is kept are never more than the bound together, as long as what is taken is not: the length that was used longest ago makes room.
 *
 * Every thread that has seen shared memory keeps it until its own collector runs, and other memory waits for a collector that judges by
 * a small heap, so what is dropped instead of used again stays for long.
 */
export class Pool<M extends { readonly byteLength: number }> {
  readonly bound: number;
  readonly #make: (bytes: number) => M;
  readonly #drop: (buffer: M) => void;
  /** By length, in the order of last use. */
  readonly #spare = new Map<number, M[]>();
  #spareBytes = 0;
  #takenBytes = 0;

  /**
   * @param bound bytes.
   * @param drop frees what is not kept, where the collector is not to.
   */
  constructor(bound: number, make: (bytes: number) => M, drop: (buffer: M) => void = () => {}) {
    this.bound = bound;
    this.#make = make;
    this.#drop = drop;
  }

  /** Bytes that are taken. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Bytes that are kept. */
  get spareBytes(): number {
    return this.#spareBytes;
  }

  /** A buffer of `bytes`, with whatever it last held; `give` must follow. */
  take(bytes: number): M {
    this.#takenBytes += bytes;
    const buffer = this.#spare.get(bytes)?.pop();
    if (buffer !== undefined) {
      this.#spareBytes -= bytes;
      return buffer;
    }
    this.#makeRoom();
    return this.#make(bytes);
  }

  /** Brings a buffer back that nobody reads or writes any more. */
  give(buffer: M): void {
    const { byteLength } = buffer;
    const same = this.#spare.get(byteLength) ?? [];
    same.push(buffer);
    this.#takenBytes -= byteLength;
    this.#spareBytes += byteLength;
    this.#spare.delete(byteLength);
    this.#spare.set(byteLength, same);
    this.#makeRoom();
  }

  /** Drops what is kept beyond `bound`, where that is less than the pool's own. */
  trim(bound: number): void {
    this.#makeRoom(bound);
  }

  #makeRoom(bound = this.bound): void {
    for (const [length, spare] of this.#spare) {
      while (this.#takenBytes + this.#spareBytes > bound) {
        const buffer = spare.pop();
        if (buffer === undefined) break;
        this.#spareBytes -= length;
        this.#drop(buffer);
      }
      if (this.#takenBytes + this.#spareBytes <= bound) return;
      this.#spare.delete(length);
    }
  }
}
