/** The ways by which the steps of a sample are made: by its worker thread, or by the device from its image or its crop on. */
export type Way = 'threads' | 'images' | 'crops';

/** What a device can do of a sample: all that follows the decoder, its last steps, or nothing. */
export type Extent = 'whole' | 'suffix' | 'nothing';

interface Mean {
  count: number;
  seconds: number;
}

/** Samples by which a way is known; tasks after which another way than the best is tried again. */
const known = 48;
const retried = 64;
/** The last so many samples decide, and the best way stays until another costs this much less. */
const memory = 512;
const margin = 0.95;

/**
 * What a sample of one run costs the cores of a host by each way, learnt from the samples that are made: seconds of the
 * worker threads, and of the thread that drives the device. Samples of one extent are compared with one another alone, and which of
 * them goes which way depends on no pixel and no draw, so the means may be compared.
 */
export class WayCosts {
  readonly #means = new Map<string, Mean>();
  readonly #best = new Map<Extent, Way>();
  readonly #seen: Record<Extent, number> = { whole: 0, suffix: 0, nothing: 0 };
  #choices = 0;

  /** The way for the next samples of this extent: one that is not known yet, the cheapest of `possible`, or now and then another. */
  choose(extent: Extent, possible: readonly Way[]): Way {
    const fresh = possible.find((way) => (this.#mean(extent, way)?.count ?? 0) < known);
    if (fresh !== undefined) return fresh;
    this.#choices++;
    if (this.#choices % retried === 0) return possible[(this.#choices / retried) % possible.length]!;
    return this.#bestOf(extent, possible);
  }

  /** The best way that is known of each extent, and milliseconds a sample by each way, for the log. */
  found(): Readonly<Record<string, string | number>> {
    const means = [...this.#means].map(([key, { seconds }]) => [key, Math.round(1e6 * seconds) / 1000]);
    return Object.fromEntries([...this.#best, ...means]);
  }

  /** The best ways, as one text. */
  get verdict(): string {
    return [...this.#best].flat().join(' ');
  }

  /** A sample of this extent has been made. */
  see(extent: Extent): void {
    for (const each of Object.keys(this.#seen) as Extent[])
      this.#seen[each] += ((each === extent ? 1 : 0) - this.#seen[each]) / 64;
  }

  /** The share of this run's samples that have this extent: 1 while few have been seen. */
  shareOf(extent: Extent): number {
    const all = this.#seen.whole + this.#seen.suffix + this.#seen.nothing;
    return all < 0.5 ? 1 : this.#seen[extent] / all;
  }

  /** What one sample has cost. */
  learn(extent: Extent, way: Way, seconds: number): void {
    const mean = this.#mean(extent, way) ?? { count: 0, seconds: 0 };
    mean.count++;
    mean.seconds += (seconds - mean.seconds) / Math.min(mean.count, memory);
    this.#means.set(`${extent} ${way}`, mean);
  }

  #bestOf(extent: Extent, possible: readonly Way[]): Way {
    const secondsOf = (way: Way) => this.#mean(extent, way)!.seconds;
    const least = possible.reduce((best, way) => (secondsOf(way) < secondsOf(best) ? way : best));
    const best = this.#best.get(extent);
    if (best !== undefined && possible.includes(best) && secondsOf(least) >= margin * secondsOf(best)) return best;
    this.#best.set(extent, least);
    return least;
  }

  #mean(extent: Extent, way: Way): Mean | undefined {
    return this.#means.get(`${extent} ${way}`);
  }
}
