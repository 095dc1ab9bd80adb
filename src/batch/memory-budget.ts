import { TributaryError } from '../errors.js';

/** A stream's part of the budget. */
export interface Reservation {
  /** Batches that the stream may hold at a time, at least 1. */
  readonly batches: number;
  readonly bytes: number;
}

/**
 * The bytes that finished and unfinished batches may take. A stream reserves its part when it opens and holds it until it
 * ends, so that no stream, however slow its trainer, can take from another. What no stream has reserved may keep finished
 * batches for other trainers of the same run.
 */
export class MemoryBudget {
  readonly total: number;
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

  /**
   * Takes room for up to `wanted` batches of `batchBytes` each: at most half of what is left, but for the first.
   * TOO_MUCH_ASKED where not even one fits.
   */
  take(batchBytes: number, wanted: number): Reservation {
    if (batchBytes > this.unreserved)
      throw new TributaryError('TOO_MUCH_ASKED', {
        expected: `a stream whose batches fit in the ${megabytes(this.unreserved)} left of this replica's ${megabytes(this.total)}`,
        came: `batches of ${megabytes(batchBytes)}`,
        remedy:
          'Ask again later or on another replica, use a smaller global batch or more ranks, or start replicas with a larger --memory',
        metadata: { batch_bytes: String(batchBytes), left_bytes: String(this.unreserved), retry_delay_ms: '1000' },
      });
    const batches = Math.max(1, Math.min(wanted, Math.floor(this.unreserved / 2 / batchBytes)));
    const reservation = { batches, bytes: batches * batchBytes };
    this.#reserved += reservation.bytes;
    return reservation;
  }

  /** Ends a reservation. */
  give(reservation: Reservation): void {
    this.#reserved -= reservation.bytes;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
