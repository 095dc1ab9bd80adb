/** Bytes of finished batches that are kept until somebody is seen to come later than that. */
const keptAtFirst = 64 * 1024 * 1024;

/**
 * How many bytes of finished batches to keep for whoever asks for the same ones later. Memory that a batch has left is warm, and the first
 * write to a page of other memory costs many times a copy, so little is kept while nobody comes back; each time somebody
 * asks for a batch that was dropped for this bound, and that all of the memory would have kept, it is twice as much
 * (the ghosts of ARC: Megiddo and Modha, 2003).
 */
export class KeepBound {
  readonly #most: number;
  #bytes: number;
  /** What was dropped, by name, the longest ago first. */
  readonly #dropped = new Map<string, number>();
  #droppedBytes = 0;

  /** @param most bytes that there are. */
  constructor(most: number) {
    this.#most = most;
    this.#bytes = Math.min(most, keptAtFirst);
  }

  /** The bound, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes that a batch of this name was dropped. */
  dropped(name: string, bytes: number): void {
    if (this.#bytes === this.#most) return;
    this.#forget(name);
    this.#dropped.set(name, bytes);
    this.#droppedBytes += bytes;
    for (const oldest of this.#dropped.keys()) {
      if (this.#droppedBytes + this.#bytes <= this.#most) return;
      this.#forget(oldest);
    }
  }

  /** Notes that a batch of this name is asked for, which is not there. */
  missed(name: string): void {
    if (!this.#forget(name)) return;
    this.#bytes = Math.min(this.#most, 2 * this.#bytes);
    if (this.#bytes < this.#most) return;
    this.#dropped.clear();
    this.#droppedBytes = 0;
  }

  #forget(name: string): boolean {
    const bytes = this.#dropped.get(name);
    if (bytes === undefined) return false;
    this.#dropped.delete(name);
    this.#droppedBytes -= bytes;
    return true;
  }
}
