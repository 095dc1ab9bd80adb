import { replicasWanted } from './replicas-wanted.js';

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
    return replicasWanted(paces, [this.#busy / this.#made / threads]) ?? 0;
  }
}
