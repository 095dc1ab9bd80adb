import { TributaryError } from '../errors.js';
import { type Waiting, WaitingLine } from './waiting-line.js';

/** A stream's part of the budget. */
export interface Reservation {
  /** Batches that the stream may hold at a time, at least 1. */
  readonly batches: number;
  readonly bytes: number;
  /** Aborted where others need the room: what it holds is to be given back soon. */
  readonly revoked: AbortSignal;
  /** Notes that its client has taken something. */
  progressed(): void;
}

/** What a stream takes beside its batches, in bytes: the call, its connection's part, and what is under way to its client. */
export const streamBytes = 128 * 1024;

/** Milliseconds for which a stream waits for room, and after which one that was refused may ask again. */
const patience = 5_000;

interface Held extends Reservation {
  readonly client: string;
  readonly call: AbortController;
  progress: number;
}

/**
 * The bytes that finished and unfinished batches may take. A stream reserves its part when it opens and holds it until it
 * ends, so that no stream, however slow its trainer, can take from another. What no stream has reserved may keep finished
 * batches for other trainers of the same run.
 *
 * Clients share it: one that is alone may have all of it; but who asks for no more than an equal part is given room, and where there is
 * none, streams of the client that has the most beyond its part end, those first that have got nothing across for longest.
 */
export class MemoryBudget {
  readonly total: number;
  readonly #held = new Set<Held>();
  /** By client. */
  readonly #heldBytes = new Map<string, number>();
  readonly #waiting = new Map<string, WaitingLine>();
  #reserved = 0;

  /** @param total bytes. */
  constructor(total: number) {
    this.total = total;
  }

  /** Bytes reserved by open streams. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Bytes that no stream has reserved. */
  get unreserved(): number {
    return this.total - this.#reserved;
  }

  /** Whether streams wait for room: those that have some are to end with the batches that they are at. */
  get isWanted(): boolean {
    for (const { size } of this.#waiting.values()) if (size > 0) return true;
    return false;
  }

  /**
   * Takes room for up to `wanted` batches of `batchBytes` each: at most half of what is left, but for the first. Waits for it where
   * there is none, in the order in which those of a client first asked. Rejects with the signal's reason if that comes first.
   *
   * @param asked what the batches are: who was refused and asks for the same again has the place in the line that it had.
   * @throws TributaryError TOO_MUCH_ASKED where not even one batch could ever fit, REPLICA_BUSY where there is no room in time.
   */
  async take(
    client: string,
    asked: string,
    batchBytes: number,
    wanted: number,
    signal?: AbortSignal,
  ): Promise<Reservation> {
    const bytes = batchBytes + streamBytes;
    if (bytes > this.total) throw tooLarge(batchBytes, this.total);
    for (const [name, { isEmpty }] of this.#waiting) if (isEmpty) this.#waiting.delete(name);
    const line = this.#waiting.get(client) ?? new WaitingLine();
    this.#waiting.set(client, line);
    let timer: NodeJS.Timeout | undefined;
    let giveUp = (): void => {};
    try {
      return await new Promise<Reservation>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const waiting: Waiting = {
          bytes,
          asked,
          grant: () => resolve(this.#grant(client, batchBytes, wanted)),
          refuse: () => reject(busy(`${line.size} of this client's that wait`)),
        };
        const leave = (error: unknown): void => {
          line.leave(waiting);
          reject(error);
        };
        giveUp = () => leave(signal?.reason);
        signal?.addEventListener('abort', giveUp, { once: true });
        timer = setTimeout(() => leave(busy(`none within ${patience / 1000} s`)), patience);
        line.enter(waiting);
        this.#serve();
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Ends a reservation. */
  give(reservation: Reservation): void {
    const held = reservation as Held;
    if (!this.#held.delete(held)) return;
    this.#reserved -= held.bytes;
    const left = this.#heldBytes.get(held.client)! - held.bytes;
    if (left > 0) this.#heldBytes.set(held.client, left);
    else this.#heldBytes.delete(held.client);
    this.#serve();
  }

  /** Gives room to those who wait, first to whose client has the least, as far as there is any. */
  #serve(): void {
    for (let isServed = true; isServed; ) {
      isServed = false;
      const clients = this.#whoWait().sort((a, b) => this.#of(a) - this.#of(b));
      for (const client of clients) {
        const line = this.#waiting.get(client)!;
        const waiting = line.first!;
        if (waiting.bytes <= this.unreserved) {
          line.served(waiting);
          waiting.grant();
          isServed = true;
          break;
        }
        if (this.#of(client) + waiting.bytes > this.#share()) continue;
        // Whoever has more waits for this one, which is due.
        this.#makeRoom(waiting.bytes);
        return;
      }
    }
  }

  #grant(client: string, batchBytes: number, wanted: number): Reservation {
    const room = Math.floor((this.unreserved - streamBytes) / 2 / batchBytes);
    const batches = Math.max(1, Math.min(wanted, room));
    const call = new AbortController();
    const held: Held = {
      client,
      batches,
      bytes: batches * batchBytes + streamBytes,
      revoked: call.signal,
      call,
      progress: performance.now(),
      progressed() {
        held.progress = performance.now();
      },
    };
    this.#held.add(held);
    this.#reserved += held.bytes;
    this.#heldBytes.set(client, this.#of(client) + held.bytes);
    return held;
  }

  /** Has streams end until so many bytes are free, of clients that have more than their part. */
  #makeRoom(bytes: number): void {
    const kept = new Map(this.#heldBytes);
    let free = this.unreserved;
    const share = this.#share();
    const oldest: Held[] = [];
    for (const held of this.#held) {
      if (!held.revoked.aborted) oldest.push(held);
      else {
        free += held.bytes;
        kept.set(held.client, kept.get(held.client)! - held.bytes);
      }
    }
    oldest.sort((a, b) => a.progress - b.progress);
    while (free < bytes) {
      const [most, has] = [...kept].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
      const at = oldest.findIndex(({ client }) => client === most);
      if (has <= share || at < 0) return;
      const [held] = oldest.splice(at, 1) as [Held];
      free += held.bytes;
      kept.set(most, has - held.bytes);
      held.call.abort(busy('other clients that have none'));
    }
  }

  /** What each client has a right to while others want as much. */
  #share(): number {
    const clients = new Set([...this.#heldBytes.keys(), ...this.#whoWait()]);
    return this.total / clients.size;
  }

  #whoWait(): string[] {
    return [...this.#waiting.keys()].filter((client) => this.#waiting.get(client)!.size > 0);
  }

  #of(client: string): number {
    return this.#heldBytes.get(client) ?? 0;
  }
}

function tooLarge(batchBytes: number, total: number): TributaryError {
  return new TributaryError('TOO_MUCH_ASKED', {
    expected: `a stream whose batches fit in this replica's ${megabytes(total)}`,
    came: `batches of ${megabytes(batchBytes)}`,
    remedy: 'Use a smaller global batch or more ranks, or start replicas with a larger --memory',
    metadata: { batch_bytes: String(batchBytes), bytes: String(total) },
  });
}

function busy(came: string): TributaryError {
  return new TributaryError('REPLICA_BUSY', {
    expected: 'room for the batches of a stream',
    came,
    remedy: 'Ask again after a moment or on another replica: the step after the last header is the next',
    metadata: { retry_delay_ms: '1000' },
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
