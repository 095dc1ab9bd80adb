import { setTimeout as pause } from 'node:timers/promises';
import type { LoaderServiceClient } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { StreamBatchesRequest } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import { TributaryError } from '../errors.js';
import { type ReceivedBatch, receiveBatches } from './receive.js';
import { toFailure } from './status.js';

/** How lanes behave. Times in milliseconds. */
export interface LaneOptions {
  /** Streams at a time. */
  readonly lanes: number;
  /** Bytes of batches that may wait for their turn. */
  readonly memory: number;
  /** Batches of one stream; then the lane opens another, wherever gRPC's balancing sends it. */
  readonly lease: number;
  /** Longest time without a message before a replica counts as hung. */
  readonly hungAfter: number;
  /** Longest time without any progress before it is over. */
  readonly patience: number;
  /** A step this many times later than the median is asked for elsewhere as well. */
  readonly stragglerFactor: number;
}

export const defaultLaneOptions: LaneOptions = {
  lanes: 2,
  memory: 512 * 1024 * 1024,
  lease: 16,
  hungAfter: 15_000,
  patience: 120_000,
  stragglerFactor: 8,
};

/** A step that is asked for elsewhere waits at least this long first, in milliseconds. */
const stragglerFloor = 2_000;
/** Answers with another fingerprint in a row, from whichever replicas, after which no replica is likely to serve the run. */
const mismatchesTolerated = 4;

type Request = Omit<StreamBatchesRequest, 'firstStep' | 'stepCount' | 'stepStride' | 'cursor'>;

/**
 * Steps `first .. first + count - 1` of one epoch, in order, from several streams at a time. Each lane takes every n-th
 * step, in leases: a stream that ends, fails or hangs is opened again from the lane's next step, elsewhere. A step that is
 * late is asked for a second time; the first answer is taken and the two must agree.
 */
export class Lanes {
  readonly #client: LoaderServiceClient;
  readonly #request: Request;
  readonly #options: LaneOptions;
  readonly #ready = new Map<number, ReceivedBatch>();
  readonly #stop = new AbortController();
  readonly #refusals = new Map<string, string>();
  readonly #intervals: number[] = [];
  readonly #end: number;
  #head: number;
  #batchBytes = 1;
  #failure: unknown;
  #mismatches = 0;
  #progressAt = Date.now();
  #wake: () => void = () => {};
  #changed = new Promise<void>((resolve) => {
    this.#wake = resolve;
  });

  constructor(client: LoaderServiceClient, request: Request, first: number, count: number, options: LaneOptions) {
    this.#client = client;
    this.#request = request;
    this.#options = options;
    this.#head = first;
    this.#end = first + count;
  }

  /** The batches, in order. Leaving the loop ends every stream. */
  async *batches(): AsyncGenerator<ReceivedBatch> {
    const lanes = Math.min(this.#options.lanes, this.#end - this.#head);
    const first = this.#head;
    const running = Array.from({ length: lanes }, (_, lane) => this.#lane(first + lane, lanes));
    try {
      while (this.#head < this.#end) {
        const batch = await this.#next();
        this.#head++;
        this.#change();
        yield batch;
      }
    } finally {
      this.#stop.abort();
      this.#change();
      await Promise.allSettled(running);
    }
  }

  async #next(): Promise<ReceivedBatch> {
    const since = Date.now();
    let asked = false;
    for (;;) {
      const batch = this.#ready.get(this.#head);
      if (batch !== undefined) {
        this.#ready.delete(this.#head);
        this.#intervals.push(Date.now() - since);
        if (this.#intervals.length > 64) this.#intervals.shift();
        return batch;
      }
      if (this.#failure !== undefined) throw this.#failure;
      const late =
        since + Math.max(stragglerFloor, this.#options.stragglerFactor * median(this.#intervals)) - Date.now();
      if (!asked && late <= 0) {
        asked = true;
        void this.#askElsewhere(this.#head);
      }
      await Promise.race([this.#changed, ...(asked ? [] : [pause(Math.max(late, 1), undefined, { ref: false })])]);
    }
  }

  async #lane(first: number, stride: number): Promise<void> {
    let step = first;
    let attempt = 0;
    for (;;) {
      // What came in answer to a second request need not come again.
      while (step < this.#head || this.#ready.has(step)) step += stride;
      if (step >= this.#end || this.#stop.signal.aborted) return;
      const stepCount = Math.min(this.#options.lease, Math.ceil((this.#end - step) / stride));
      const call = this.#client.streamBatches({ ...this.#request, firstStep: step, stepCount, stepStride: stride });
      const cancel = (): void => call.cancel();
      this.#stop.signal.addEventListener('abort', cancel, { once: true });
      try {
        for await (const batch of receiveBatches(call, this.#options.hungAfter)) {
          attempt = 0;
          this.#accept(batch);
          step = batch.header.step + stride;
          await this.#room(step);
          if (this.#stop.signal.aborted) break;
        }
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!this.#tolerate(error, call.getPeer())) return;
        attempt++;
        // Full jitter: replicas that come back must not meet all lanes at once.
        await pause(Math.random() * Math.min(2_000, 50 * 2 ** attempt), undefined, { signal: this.#stop.signal }).catch(
          () => {},
        );
      } finally {
        this.#stop.signal.removeEventListener('abort', cancel);
      }
    }
  }

  /** Waits until `step` is near enough to the step that is due to fit in the memory for waiting batches. */
  async #room(step: number): Promise<void> {
    const window = Math.max(this.#options.lanes, Math.floor(this.#options.memory / this.#batchBytes));
    while (step >= this.#head + window && !this.#stop.signal.aborted) await this.#changed;
  }

  #accept(batch: ReceivedBatch): void {
    const { step, byteSize } = batch.header;
    this.#progressAt = Date.now();
    this.#mismatches = 0;
    this.#batchBytes = Math.max(byteSize, 1);
    const other = this.#ready.get(step);
    if (other !== undefined && other.crc32 !== batch.crc32) this.#fail(disagree(other, batch));
    else if (step >= this.#head && other === undefined) {
      this.#ready.set(step, batch);
      this.#change();
    }
  }

  async #askElsewhere(step: number): Promise<void> {
    const call = this.#client.streamBatches({ ...this.#request, firstStep: step, stepCount: 1, stepStride: 1 });
    const cancel = (): void => call.cancel();
    this.#stop.signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const batch of receiveBatches(call, this.#options.hungAfter)) this.#accept(batch);
    } catch {
      // The lane itself goes on trying: what it meets decides.
    } finally {
      this.#stop.signal.removeEventListener('abort', cancel);
    }
  }

  /** Whether a lane may go on after this; otherwise the failure is kept for the reader. */
  #tolerate(error: unknown, peer: string): boolean {
    const failure = toFailure(error, peer);
    this.#refusals.set(peer === '' ? 'no address' : peer, failure.error.message);
    if (failure.error.reason === 'FINGERPRINT_MISMATCH' && ++this.#mismatches > mismatchesTolerated)
      return this.#fail(failure.error);
    if (!failure.passing) return this.#fail(failure.error);
    if (Date.now() - this.#progressAt > this.#options.patience) return this.#fail(this.#noReplica());
    return true;
  }

  #noReplica(): TributaryError {
    const met = [...this.#refusals].map(([peer, message]) => `${peer}: ${message}`).join('; ');
    return new TributaryError('NO_REPLICA', {
      expected: `a replica that answers within ${this.#options.patience / 1000} s`,
      came: met,
      remedy: 'Start a replica, or correct the address',
      metadata: Object.fromEntries(this.#refusals),
    });
  }

  #fail(error: unknown): false {
    this.#failure ??= error;
    this.#change();
    return false;
  }

  #change(): void {
    const wake = this.#wake;
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
    wake();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function disagree(one: ReceivedBatch, other: ReceivedBatch): TributaryError {
  return new TributaryError('REPLAY_DIFFERS', {
    expected: `step ${one.header.step} to be the same from every replica`,
    came: `CRC-32 ${one.crc32} from ${one.peer} and ${other.crc32} from ${other.peer}`,
    remedy: 'Stop both replicas and compare their versions and their machines: one of them computes wrongly',
    metadata: { epoch: String(one.header.epoch), step: String(one.header.step) },
  });
}
