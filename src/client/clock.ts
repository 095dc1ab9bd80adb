import { rules } from './behaviour.js';

/**
 * Milliseconds in which this process ran, from 0 on. A trainer that was suspended (SIGSTOP, Slurm, a debugger) has been failed
 * by nobody while it stood still, and one whose event loop was busy has not listened. What waits for a replica therefore
 * goes by this clock: a gap between two looks that is longer than `longest_gap` counts as one `tick`. Somebody must tick
 * while others wait.
 */
export class Clock {
  readonly #read: () => number;
  readonly #ticks = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #seen: number;
  #counted = 0;
  #resumed = Number.NEGATIVE_INFINITY;

  /** @param read milliseconds that never go back, whatever becomes of the wall clock. */
  constructor(read: () => number = () => performance.now()) {
    this.#read = read;
    this.#seen = read();
  }

  /** Looks at the time. */
  now(): number {
    const seen = this.#read();
    const gap = seen - this.#seen;
    this.#seen = seen;
    const isLong = gap > rules.longestGap * 1000;
    this.#counted += isLong ? rules.tick * 1000 : gap;
    if (isLong) this.#resumed = this.#counted;
    return this.#counted;
  }

  /**
   * Whether more than `seconds` have passed since then; after a long gap only once `again` seconds, or `seconds` where they
   * are fewer, have passed in which somebody could be asked afresh.
   */
  waited(since: number, seconds: number, again: number): boolean {
    const now = this.now();
    return now - since > seconds * 1000 && now - this.#resumed > Math.min(seconds, again) * 1000;
  }

  /** Looks at the time each tick and does `act`, until what it returns is called. */
  onTick(act: () => void): () => void {
    this.#ticks.add(act);
    // A trainer may leave its batches half read: looking at the time is no reason for its process to stay.
    this.#timer ??= setInterval(() => {
      this.now();
      for (const each of [...this.#ticks]) each();
    }, rules.tick * 1000).unref();
    return () => {
      this.#ticks.delete(act);
      if (this.#ticks.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Does `act` once after so many seconds, unless what it returns is called before. */
  after(seconds: number, act: () => void): () => void {
    const since = this.now();
    const stop = this.onTick(() => {
      if (this.now() - since < seconds * 1000) return;
      stop();
      act();
    });
    return stop;
  }
}
