/** Seconds that a stream's numbers count for. */
const windowSeconds = 60;

interface Turn {
  readonly at: number;
  readonly samples: number;
  readonly waited: number;
  readonly sent: number;
}

/** What one stream did of late. */
export class StreamLoad {
  readonly #turns: Turn[] = [];

  /** Counts a batch: how long the stream waited for it, and how long its client took to take it; in seconds. */
  count(now: number, samples: number, waited: number, sent: number): void {
    this.#turns.push({ at: now, samples, waited, sent });
    while (this.#turns.length > 0 && this.#turns[0]!.at < now - windowSeconds) this.#turns.shift();
  }

  /** Sums over the window that ends now. */
  sums(now: number): { samples: number; waited: number; sent: number } {
    const sums = { samples: 0, waited: 0, sent: 0 };
    for (const { at, samples, waited, sent } of this.#turns) {
      if (at < now - windowSeconds) continue;
      sums.samples += samples;
      sums.waited += waited;
      sums.sent += sent;
    }
    return sums;
  }
}

/**
 * How a replica keeps up with its trainers, over the last minute: what autoscaling goes by. A stream's own pace is what it
 * takes to send a batch and have the next one asked for, without the wait for the batch to be made.
 */
export class Load {
  readonly #streams = new Set<StreamLoad>();
  #busy = 0;
  #made = 0;

  open(): StreamLoad {
    const stream = new StreamLoad();
    this.#streams.add(stream);
    return stream;
  }

  close(stream: StreamLoad): void {
    this.#streams.delete(stream);
  }

  /** Counts a sample's seconds in worker threads. Old samples fade, so that a change of recipe shows. */
  made(seconds: number): void {
    const fade = 1 - 1 / 4096;
    this.#busy = this.#busy * fade + seconds;
    this.#made = this.#made * fade + 1;
  }

  /** The share of their time that streams spend waiting for batches, in [0, 1]; 0 without streams. */
  waitRatio(now: number): number {
    let waited = 0;
    let all = 0;
    for (const stream of this.#streams) {
      const sums = stream.sums(now);
      waited += sums.waited;
      all += sums.waited + sums.sent;
    }
    return all === 0 ? 0 : waited / all;
  }

  /** Replicas like this one that would feed this one's streams, as a fraction; 0 without streams. @param threads its worker threads. */
  wanted(now: number, threads: number): number {
    const paces = [...this.#streams].map((stream) => {
      const { samples, sent } = stream.sums(now);
      return sent / samples;
    });
    return this.#made === 0 ? 0 : replicasWanted(paces, this.#busy / this.#made / threads);
  }
}

/**
 * How many replicas would feed all consumers: the sum of the consumers' rates over a replica's, not rounded, so that what
 * several replicas want adds up. A rate further from the mean than one standard deviation counts as the median, so that one
 * strange trainer does not order a fleet.
 *
 * Source: tf.data service, tensorflow/core/data/service/auto_scaler.cc, `AutoScaler::GetOptimalNumberOfWorkers`.
 *
 * @param consumers seconds that each consumer takes for a sample when it does not wait; what is no time does not count.
 * @param replica seconds that a replica takes for a sample with all its worker threads.
 */
export function replicasWanted(consumers: readonly number[], replica: number): number {
  const rates = consumers.filter((value) => Number.isFinite(value) && value > 0).map((value) => 1 / value);
  const mean = rates.reduce((a, b) => a + b, 0) / rates.length;
  const deviation = Math.sqrt(rates.reduce((a, b) => a + (b - mean) ** 2, 0) / rates.length);
  const sorted = rates.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  // Of two values neither is an outlier: each is one deviation from their mean.
  const usual = rates.map((rate) => (Math.abs(rate - mean) > deviation * 1.000001 ? median : rate));
  return usual.reduce((a, b) => a + b, 0) * replica;
}
