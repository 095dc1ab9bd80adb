import PQueue from 'p-queue';

/** One stream's place in the queue: how much of the queue's time it has asked for. */
export interface Flow {
  time: number;
}

/** In whose turn something is done, and until when. */
export interface Turn {
  readonly flow: Flow;
  readonly signal: AbortSignal;
}

/**
 * A queue that several flows share evenly, however much each has waiting: start-time fair queueing. A flow's task
 * has the time at which it would start if the flows took turns, and the earliest goes first. A flow that was idle starts
 * at the present and not with a credit. Built on p-queue's priorities.
 */
export class FairQueue {
  readonly #queue: PQueue;
  #now = 0;

  /** @param concurrency tasks that run at a time. */
  constructor(concurrency: number) {
    this.#queue = new PQueue({ concurrency });
  }

  /** Tasks that wait. */
  get size(): number {
    return this.#queue.size;
  }

  /** Tasks that run. */
  get pending(): number {
    return this.#queue.pending;
  }

  /** Opens a flow. It holds no resource and needs no closing. */
  flow(): Flow {
    return { time: 0 };
  }

  /**
   * Runs `act` in the flow's turn; rejects with the signal's reason if that comes first while it waits. Once it runs it settles
   * when `act` does, whatever the signal says: p-queue alone would settle at once, while `act` still writes.
   *
   * @param samples how many samples `act` is about: what it takes of the flow's share. 0 for what has had its turn and only goes on:
   *   it goes before all that waits.
   */
  async add<T>(flow: Flow, act: () => Promise<T>, signal: AbortSignal, samples = 1): Promise<T> {
    signal.throwIfAborted();
    const start = samples === 0 ? this.#now : Math.max(flow.time, this.#now);
    if (samples > 0) flow.time = start + samples;
    const waiting = new AbortController();
    const giveUp = (): void => waiting.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return (await this.#queue.add(
        () => {
          signal.removeEventListener('abort', giveUp);
          this.#now = Math.max(this.#now, start);
          return act();
        },
        { priority: samples === 0 ? Number.POSITIVE_INFINITY : -start, signal: waiting.signal },
      )) as T;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}
