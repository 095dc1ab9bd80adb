import { LRUCache } from 'lru-cache';

/** Bytes of finished batches that are kept until somebody is seen to come later than that. */
const keptAtFirst = 64 * 1024 * 1024;
/** Batches that are remembered once they are dropped. */
const droppedKnown = 4096;

/**
 * How many bytes of finished batches to keep for whoever asks for the same ones later. Memory that a batch has left is warm, and the first
 * write to a page of other memory costs many times a copy, so little is kept while nobody comes back; each time somebody
 * asks for a batch that was dropped for this bound, and no longer ago than all of the memory would have kept it, it is twice
 * as much (the ghosts of ARC: Megiddo and Modha, 2003).
 */
export class KeepBound {
  readonly #most: number;
  readonly #dropped: LRUCache<string, true>;
  #bytes: number;

  /** @param most bytes that there are. */
  constructor(most: number) {
    this.#most = most;
    this.#dropped = new LRUCache({ max: droppedKnown, maxSize: most });
    this.#bytes = Math.min(most, keptAtFirst);
  }

  /** The bound, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes that a batch of this name was dropped for this bound. */
  dropped(name: string, bytes: number): void {
    this.#dropped.set(name, true, { size: bytes });
  }

  /** Notes that a batch of this name is asked for, which is not there. */
  missed(name: string): void {
    if (this.#dropped.delete(name)) this.#bytes = Math.min(this.#most, 2 * this.#bytes);
  }
}
