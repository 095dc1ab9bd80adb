/**
 * Shared memory of batches that are over, for those to come. Every thread that has seen shared memory keeps it until its own collector
 * runs, so what is dropped instead of used again stays for long.
 */
export class SpareBuffers {
  /** By length, in the order of last use. */
  readonly #spare = new Map<number, SharedArrayBuffer[]>();
  #bytes = 0;

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Memory of `length` bytes, with whatever it last held. */
  take(length: number): SharedArrayBuffer {
    const buffer = this.#spare.get(length)?.pop();
    if (buffer === undefined) return new SharedArrayBuffer(length);
    this.#bytes -= length;
    return buffer;
  }

  /** Keeps a buffer, and no more than `most` bytes in all: the length that was used longest ago is dropped first. */
  giveBack(buffer: SharedArrayBuffer, most: number): void {
    const { byteLength } = buffer;
    const same = this.#spare.get(byteLength) ?? [];
    same.push(buffer);
    this.#bytes += byteLength;
    this.#spare.delete(byteLength);
    this.#spare.set(byteLength, same);
    for (const [length, buffers] of this.#spare) {
      while (this.#bytes > most && buffers.pop() !== undefined) this.#bytes -= length;
      if (this.#bytes <= most) return;
      this.#spare.delete(length);
    }
  }
}
