import { setTimeout as pause } from 'node:timers/promises';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { LoaderServiceClient } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { StreamBatchesRequest } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { StreamBatchesResponse__Output } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import { TributaryError } from '../errors.js';
import type { Balance } from './balance.js';
import { disagree, endedEarly, otherRun, otherStep } from './lane-errors.js';
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
  /** Longest time from a failure without any batch since before it is over. */
  readonly patience: number;
  /** A step that takes this many times the median time of a batch is asked for elsewhere as well. */
  readonly stragglerFactor: number;
  /** The shortest time after which a step is asked for elsewhere. */
  readonly stragglerAfter: number;
}

export const defaultLaneOptions: LaneOptions = {
  lanes: 2,
  memory: 512 * 1024 * 1024,
  lease: 16,
  hungAfter: 15_000,
  patience: 120_000,
  stragglerFactor: 4,
  stragglerAfter: 250,
};

/** How long the first batch of all may take before it is asked for elsewhere, in milliseconds: nobody knows its time yet. */
const firstBatchAfter = 2_000;
/** For how many steps behind the trainer's a second answer is still compared with the first. */
const keptSums = 64;
/** Answers with another fingerprint in a row, from whichever replicas, after which no replica is likely to serve the run. */
const mismatchesTolerated = 4;

type Request = Omit<StreamBatchesRequest, 'firstStep' | 'stepCount' | 'stepStride' | 'cursor'>;

/** A stream that is being read: a lane's lease, or a late step's second request. */
interface Reader {
  readonly call: ClientReadableStream<StreamBatchesResponse__Output>;
  /** The step that it is to bring next. */
  step: number;
  /** Since when it waits for that step; null while it waits for nobody but the trainer. */
  since: number | null;
  /** Whether the step came from elsewhere, so that this stream's end is no failure. */
  overtaken: boolean;
}

/**
 * Steps `first .. first + count - 1` of one epoch, in order, from several streams at a time. Each lane takes every n-th
 * step, in leases: a stream that ends, fails or hangs is opened again from the lane's next step, elsewhere. A step that is
 * late is asked for a second time; the first answer is taken, the lane leaves the replica that was late, and where both
 * answers come they must agree.
 */
export class Lanes {
  readonly #client: LoaderServiceClient;
  readonly #balance: Balance;
  readonly #request: Request;
  readonly #options: LaneOptions;
  readonly #ready = new Map<number, ReceivedBatch>();
  /** What was given for a step, and by whom. */
  readonly #given = new Map<number, Pick<ReceivedBatch, 'crc32' | 'peer'>>();
  readonly #readers = new Set<Reader>();
  readonly #stop = new AbortController();
  readonly #refusals = new Map<string, string>();
  /** How long streams took for a batch of late, in milliseconds. */
  readonly #times: number[] = [];
  readonly #end: number;
  #head: number;
  #batchBytes = 1;
  #failure: unknown;
  #mismatches = 0;
  #failingSince: number | null = null;
  #wake: () => void = () => {};
  #changed = new Promise<void>((resolve) => {
    this.#wake = resolve;
  });

  /** @param balance the one of the client's channel. */
  constructor(
    client: LoaderServiceClient,
    balance: Balance,
    request: Request,
    { first, count }: { first: number; count: number },
    options: LaneOptions,
  ) {
    this.#client = client;
    this.#balance = balance;
    this.#request = request;
    this.#options = options;
    this.#head = first;
    this.#end = first + count;
  }

  /** The batches, in order. Leaving the loop ends every stream. */
  async *batches(): AsyncGenerator<ReceivedBatch> {
    const lanes = Math.min(this.#options.lanes, this.#end - this.#head);
    const first = this.#head;
    const running = Array.from({ length: lanes }, (_, lane) =>
      // A lane that cannot even ask, as where the loader was closed, must not leave its reader waiting.
      this.#lane(first + lane, lanes).catch((error: unknown) => this.#fail(error)),
    );
    try {
      while (this.#head < this.#end) {
        const batch = await this.#next();
        this.#given.delete(this.#head - keptSums);
        this.#head++;
        this.#change();
        yield batch;
      }
    } finally {
      this.#stop.abort();
      for (const { call } of this.#readers) call.cancel();
      this.#change();
      await Promise.allSettled(running);
    }
  }

  async #next(): Promise<ReceivedBatch> {
    const asked = Date.now();
    for (let again = 0; ; ) {
      const batch = this.#ready.get(this.#head);
      if (batch !== undefined) {
        this.#ready.delete(this.#head);
        return batch;
      }
      if (this.#failure !== undefined) throw this.#failure;
      const lane = this.#reader(this.#head);
      const since = Math.max(asked, lane?.since ?? asked);
      // Each further request waits twice as long, so that a fleet that is merely slow is not asked ever more.
      const late = since + this.#patienceForStep() * 2 ** again - Date.now();
      if (late <= 0) {
        again++;
        void this.#askElsewhere(this.#head);
        continue;
      }
      await this.#changeWithin(late);
    }
  }

  #reader(step: number): Reader | undefined {
    for (const reader of this.#readers) if (reader.step === step) return reader;
    return undefined;
  }

  #patienceForStep(): number {
    if (this.#times.length === 0) return Math.max(this.#options.stragglerAfter, firstBatchAfter);
    return Math.max(this.#options.stragglerAfter, this.#options.stragglerFactor * median(this.#times));
  }

  async #lane(first: number, stride: number): Promise<void> {
    let step = first;
    let attempt = 0;
    for (;;) {
      // What came in answer to a second request need not come again.
      while (this.#has(step)) step += stride;
      if (step >= this.#end || this.#stop.signal.aborted) return;
      const reader = this.#open(step, Math.min(this.#options.lease, Math.ceil((this.#end - step) / stride)), stride);
      try {
        await this.#read(reader, stride);
        if (reader.step === step && !this.#has(step)) throw endedEarly(step, reader.call.getPeer());
        attempt = 0;
      } catch (error) {
        if (reader.step > step) attempt = 0;
        if (reader.overtaken) continue;
        if (this.#stop.signal.aborted || !this.#tolerate(error, reader.call.getPeer())) return;
        attempt++;
        // Full jitter: replicas that come back must not meet all lanes at once.
        await pause(Math.random() * Math.min(2_000, 50 * 2 ** attempt), undefined, { signal: this.#stop.signal }).catch(
          () => {},
        );
      } finally {
        this.#readers.delete(reader);
        step = reader.step;
      }
    }
  }

  #has(step: number): boolean {
    return step < this.#head || this.#given.has(step);
  }

  #open(step: number, stepCount: number, stepStride: number): Reader {
    const call = this.#client.streamBatches({ ...this.#request, firstStep: step, stepCount, stepStride });
    const reader: Reader = { call, step, since: Date.now(), overtaken: false };
    this.#readers.add(reader);
    return reader;
  }

  /** Reads a stream until its lease ends, or until its next step has come from elsewhere. */
  async #read(reader: Reader, stride: number): Promise<void> {
    for await (const batch of receiveBatches(reader.call, this.#options.hungAfter)) {
      this.#accept(reader, batch);
      reader.step += stride;
      reader.since = null;
      await this.#room(reader.step);
      if (this.#stop.signal.aborted || reader.overtaken || this.#has(reader.step)) return;
      if (this.#balance.isUneven(batch.peer)) return;
      reader.since = Date.now();
    }
  }

  /** Waits until `step` is near enough to the step that is due to fit in the memory for waiting batches. */
  async #room(step: number): Promise<void> {
    const window = Math.max(this.#options.lanes, Math.floor(this.#options.memory / this.#batchBytes));
    while (step >= this.#head + window && !this.#stop.signal.aborted) await this.#changed;
  }

  #accept(reader: Reader, batch: ReceivedBatch): void {
    const { step, epoch, byteSize, fingerprint } = batch.header;
    const { expectedFingerprint } = this.#request;
    if (step !== reader.step || epoch !== this.#request.epoch) throw otherStep(reader.step, batch);
    if (fingerprint !== expectedFingerprint) throw otherRun(String(expectedFingerprint), batch);
    if (reader.since !== null) this.#times.push(Date.now() - reader.since);
    if (this.#times.length > 64) this.#times.shift();
    this.#failingSince = null;
    this.#mismatches = 0;
    this.#batchBytes = Math.max(byteSize, 1);
    const first = this.#given.get(step);
    if (first !== undefined) {
      if (first.crc32 !== batch.crc32) this.#fail(disagree(step, first, batch));
      return;
    }
    this.#given.set(step, { crc32: batch.crc32, peer: batch.peer });
    if (step >= this.#head) this.#ready.set(step, batch);
    for (const other of this.#readers) {
      if (other === reader || other.step !== step) continue;
      other.overtaken = true;
      other.call.cancel();
    }
    this.#change();
  }

  /** Asks for a late step again. Whoever was to bring it comes last in the choice for a while. */
  async #askElsewhere(step: number): Promise<void> {
    for (const late of this.#readers) if (late.step === step) this.#balance.avoid(late.call.getPeer());
    const reader = this.#open(step, 1, 1);
    try {
      for await (const batch of receiveBatches(reader.call, this.#options.hungAfter)) this.#accept(reader, batch);
    } catch {
      // The lane itself goes on trying: what it meets decides.
    } finally {
      this.#readers.delete(reader);
    }
  }

  /** Whether a lane may go on after this; otherwise the failure is kept for the reader. */
  #tolerate(error: unknown, peer: string): boolean {
    const failure = toFailure(error, peer);
    this.#balance.avoid(peer);
    this.#failingSince ??= Date.now();
    this.#refusals.set(peer === '' ? 'no address' : peer, failure.error.message);
    if (failure.error.reason === 'FINGERPRINT_MISMATCH' && ++this.#mismatches > mismatchesTolerated)
      return this.#fail(failure.error);
    if (!failure.passing) return this.#fail(failure.error);
    if (Date.now() - this.#failingSince > this.#options.patience) return this.#fail(this.#noReplica());
    return true;
  }

  #noReplica(): TributaryError {
    const met = [...this.#refusals].map(([peer, message]) => `${peer}: ${message.replace(/\.$/, '')}`).join('; ');
    return new TributaryError('NO_REPLICA', {
      expected: `a replica that answers within ${this.#options.patience / 1000} s`,
      came: met,
      remedy: 'Start a replica, or correct the address',
      metadata: Object.fromEntries(this.#refusals),
    });
  }

  /** Waits until anything changes, at most so many milliseconds. */
  async #changeWithin(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([this.#changed, over]);
    clearTimeout(timer);
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
