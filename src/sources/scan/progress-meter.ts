/** How far indexing a source has come. */
export interface Progress {
  readonly source: string;
  /** Samples found so far, and their bytes. */
  readonly count: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Samples a second since the start. */
  readonly rate: number;
  /** Share of the known work that is done, in [0, 1]: shards by their bytes, folders by their number. More may become known. */
  readonly fraction: number;
  /** Seconds left at this rate; null while it is too early to say. */
  readonly secondsLeft: number | null;
}

/** Counts the work of one indexing and tells it on, at most ten times a second. */
export class ProgressMeter {
  readonly #source: string;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  readonly #start = performance.now();
  #told = 0;
  #count = 0;
  #bytes = 0;
  #known = 0;
  #done = 0;

  constructor(source: string, onProgress: ((progress: Progress) => void) | undefined) {
    this.#source = source;
    this.#onProgress = onProgress;
  }

  /** Seconds since the start. */
  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** More work is known of. */
  expect(work: number): void {
    this.#known += work;
  }

  /** Work is done, and so many samples of these sizes were found. */
  add(work: number, { count, sizes }: { readonly count: number; readonly sizes: Uint32Array }): void {
    this.#done += work;
    this.#count += count;
    for (const size of sizes) this.#bytes += size;
    if (this.seconds - this.#told >= 0.1) this.tell();
  }

  /** Tells the state now. */
  tell(): void {
    const seconds = this.seconds;
    this.#told = seconds;
    const fraction = this.#known === 0 ? 0 : this.#done / this.#known;
    this.#onProgress?.({
      source: this.#source,
      count: this.#count,
      bytes: this.#bytes,
      seconds,
      rate: this.#count / Math.max(seconds, 1e-9),
      fraction,
      secondsLeft: seconds < 1 || fraction === 0 ? null : (seconds * (1 - fraction)) / fraction,
    });
  }
}
