/** The buffers of an arena: what another thread needs to use it. */
export interface ArenaBuffers {
  readonly blockBytes: number;
  readonly blocks: number;
  /** Block b lies in slab `b / blocksPerSlab`. */
  readonly slabs: readonly SharedArrayBuffer[];
  /** Four words (lock, first free block, free blocks, blocks ever used), then each block's successor in its chain. */
  readonly words: SharedArrayBuffer;
}

/** What an arena answers where there is no room, and what ends a chain. */
export const none = -1;

const slabBytes = 256 * 1024 * 1024;
const headerWords = 4;
const lockWord = 0;
const freeWord = 1;
const freeCountWord = 2;
const freshWord = 3;

/**
 * Buffers for an arena of at most `budget` bytes, its own bookkeeping among them. The system gives the pages when they are
 * first written, and never more than these: dropped shared buffers would stay until every thread has collected its
 * garbage, which is no way to keep a budget.
 *
 * @param blockBytes what a chain grows by; half of it is lost for each chain on average.
 */
export function arenaBuffers(budget: number, blockBytes: number): ArenaBuffers {
  const blocks = Math.max(0, Math.floor((budget - 4 * headerWords) / (blockBytes + 4)));
  const blocksPerSlab = Math.floor(slabBytes / blockBytes);
  const slabs: SharedArrayBuffer[] = [];
  for (let first = 0; first < blocks; first += blocksPerSlab)
    slabs.push(new SharedArrayBuffer(Math.min(blocksPerSlab, blocks - first) * blockBytes));
  const words = new SharedArrayBuffer(4 * (headerWords + blocks));
  new Int32Array(words)[freeWord] = none;
  return { blockBytes, blocks, slabs, words };
}

/**
 * Bytes of changing lengths in memory that threads share, as chains of blocks. Any thread takes, fills and gives chains;
 * whoever is told of a chain by a message reads it. A chain is named by its first block.
 */
export class Arena {
  readonly #buffers: ArenaBuffers;
  readonly #words: Int32Array;
  readonly #blocksPerSlab: number;
  readonly #slabs: readonly Uint8Array[];

  constructor(buffers: ArenaBuffers) {
    this.#buffers = buffers;
    this.#words = new Int32Array(buffers.words);
    this.#blocksPerSlab = Math.floor(slabBytes / buffers.blockBytes);
    this.#slabs = buffers.slabs.map((slab) => new Uint8Array(slab));
  }

  /** Bytes of all blocks. */
  get totalBytes(): number {
    return this.#buffers.blocks * this.#buffers.blockBytes;
  }

  /** Bytes of the blocks in chains. */
  get usedBytes(): number {
    const used = Atomics.load(this.#words, freshWord) - Atomics.load(this.#words, freeCountWord);
    return used * this.#buffers.blockBytes;
  }

  /** A chain for `length` bytes; `none` where there is no room. */
  take(length: number): number {
    const words = this.#words;
    const wanted = Math.max(1, Math.ceil(length / this.#buffers.blockBytes));
    return this.#locked(() => {
      const fresh = words[freshWord]!;
      const free = words[freeCountWord]!;
      if (free + this.#buffers.blocks - fresh < wanted) return none;
      const reused = Math.min(free, wanted);
      let head: number = none;
      // New blocks go to the chain's end, from the last to the first.
      for (let block = fresh + wanted - reused - 1; block >= fresh; block--) {
        words[headerWords + block] = head;
        head = block;
      }
      for (let i = 0; i < reused; i++) {
        const block = words[freeWord]!;
        words[freeWord] = words[headerWords + block]!;
        words[headerWords + block] = head;
        head = block;
      }
      words[freeCountWord] = free - reused;
      words[freshWord] = fresh + wanted - reused;
      return head;
    });
  }

  /** Gives a chain's blocks back. Nobody may use it any more. */
  give(head: number): void {
    const words = this.#words;
    this.#locked(() => {
      let count = 1;
      let last = head;
      while (words[headerWords + last] !== none) {
        last = words[headerWords + last]!;
        count++;
      }
      words[headerWords + last] = words[freeWord]!;
      words[freeWord] = head;
      words[freeCountWord] = words[freeCountWord]! + count;
    });
  }

  /** Fills a chain from its start with these parts, one after another. */
  write(head: number, ...parts: readonly Uint8Array[]): void {
    const { blockBytes } = this.#buffers;
    let block = head;
    let at = 0;
    for (const part of parts) {
      for (let done = 0; done < part.length; ) {
        if (at === blockBytes) {
          block = this.#words[headerWords + block]!;
          at = 0;
        }
        const count = Math.min(blockBytes - at, part.length - done);
        this.#block(block).set(part.subarray(done, done + count), at);
        at += count;
        done += count;
      }
    }
  }

  /** Copies `count` pieces of a chain one behind the other: `length` bytes each, from `start`, `start + stride` and on. */
  read(head: number, start: number, length: number, out: Uint8Array, stride = length, count = 1): void {
    const { blockBytes } = this.#buffers;
    let block = head;
    let blockStart = 0;
    let to = 0;
    for (let piece = 0; piece < count; piece++) {
      const from = start + piece * stride;
      for (let at = from; at < from + length; ) {
        while (at >= blockStart + blockBytes) {
          block = this.#words[headerWords + block]!;
          blockStart += blockBytes;
        }
        const end = Math.min(from + length, blockStart + blockBytes);
        out.set(this.#block(block).subarray(at - blockStart, end - blockStart), to);
        to += end - at;
        at = end;
      }
    }
  }

  #block(block: number): Uint8Array {
    const { blockBytes } = this.#buffers;
    const start = (block % this.#blocksPerSlab) * blockBytes;
    return this.#slabs[Math.floor(block / this.#blocksPerSlab)]!.subarray(start, start + blockBytes);
  }

  #locked<T>(act: () => T): T {
    const words = this.#words;
    while (Atomics.compareExchange(words, lockWord, 0, 1) !== 0) Atomics.wait(words, lockWord, 1, 1);
    try {
      return act();
    } finally {
      Atomics.store(words, lockWord, 0);
      Atomics.notify(words, lockWord, 1);
    }
  }
}
