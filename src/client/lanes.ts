import type { ClientReadableStream } from '@grpc/grpc-js';
import type { LoaderServiceClient } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { StreamBatchesRequest } from '../../protos/generated/tributary/v1/StreamBatchesRequest.js';
import type { StreamBatchesResponse__Output } from '../../protos/generated/tributary/v1/StreamBatchesResponse.js';
import { processesKey } from '../contract/contract.js';
import { TributaryError } from '../errors.js';
import { type ClientOptions, rules } from './behaviour.js';
import { toFailure } from './failure.js';
import { Hedges } from './hedges.js';
import { disagree, endedEarly, notConnected, otherRun, otherStep } from './lane-errors.js';
import { type ReceivedBatch, receiveBatches } from './receive.js';
import { isConnected, type Replica, type Replicas } from './replicas.js';
import { Growth, Turns } from './turns.js';

type Request = Omit<StreamBatchesRequest, 'firstStep' | 'stepCount' | 'stepStride' | 'cursor'>;
type LoaderReplica = Replica<LoaderServiceClient>;

/** A lane: every n-th step, over one stream at a time. Times are those of the clock. */
interface Lane {
  readonly number: number;
  /** The step that it is to bring next. */
  step: number;
  /** How often in a row it has waited in vain for a message. */
  hangs: number;
  failingSince: number | null;
  /** The replicas that have failed it, or were late, since its last batch. */
  avoid: Set<LoaderReplica>;
}

/** A stream that is being read: a lane's lease, or a late step's second request. */
interface Reader {
  readonly lane: Lane;
  readonly replica: LoaderReplica;
  readonly call: ClientReadableStream<StreamBatchesResponse__Output>;
  /** Since when it waits for its step; null while it waits for nobody but the trainer. */
  since: number | null;
  /** Whether the step came from elsewhere, so that this stream's end is no failure. */
  overtaken: boolean;
}

/**
 * Steps `first .. first + count - 1` of one epoch, in order, from several streams at a time. Each lane takes every n-th
 * step, in leases, and while the trainer waits lanes become more (`turns.ts`): a stream that ends, fails or hangs is opened again from the lane's next step, elsewhere. A step that is
 * late is asked for a second time; the first answer is taken, the lane leaves the replica that was late, and where both
 * answers come they must agree. What goes wrong with a step is thrown when the trainer comes to it.
 */
export class Lanes {
  readonly #replicas: Replicas<LoaderServiceClient>;
  readonly #request: Request;
  readonly #options: ClientOptions;
  readonly #most: number;
  readonly #end: number;
  readonly #growth: Growth;
  readonly #turns: Turns;
  readonly #lanes: Lane[] = [];
  readonly #running: Promise<void>[] = [];
  readonly #ready = new Map<number, ReceivedBatch | TributaryError>();
  /** What was given for a step, and by whom. */
  readonly #given = new Map<number, Pick<ReceivedBatch, 'crc32' | 'peer'>>();
  /** How often a step came damaged. */
  readonly #damaged = new Map<number, number>();
  readonly #readers = new Set<Reader>();
  readonly #hedges = new Hedges();
  readonly #stop = new AbortController();
  /** How long streams took for a batch of late, in milliseconds. */
  readonly #times: number[] = [];
  #head: number;
  /** Since when the trainer waits for the step that is due; null while it does not. */
  #wantedSince: number | null = null;
  #broken: unknown;

  /** @param most steps that may be held or under way at the most, from the one that is due on. */
  constructor(
    replicas: Replicas<LoaderServiceClient>,
    request: Request,
    { first, count, most }: { first: number; count: number; most: number },
    options: ClientOptions,
  ) {
    this.#replicas = replicas;
    this.#request = request;
    this.#options = options;
    this.#most = most;
    this.#head = first;
    this.#end = first + count;
    // A lane that is not asked to be there is of use only where a batch of its own may be under way.
    const useful = options.lanes > 0 ? count : Math.min(this.#ahead(rules.mostLanes), count);
    this.#growth = new Growth(options.lanes, useful, replicas.clock.now());
    this.#turns = new Turns(first, this.#end, this.#growth.first(replicas.well()));
  }

  /** The batches, in order. Leaving the loop ends every stream. */
  async *batches(): AsyncGenerator<ReceivedBatch> {
    this.#replicas.forgetRefusals();
    this.#addLanes();
    const { clock } = this.#replicas;
    const stop = clock.onTick(() => {
      if (this.#wantedSince !== null) this.#replicas.say(clock.now() - this.#wantedSince, this.#name(this.#head));
      this.#grow();
    });
    try {
      while (this.#head < this.#end) {
        const batch = await this.#next();
        this.#growth.took(this.#wantedSince, clock.now());
        this.#hedges.earn();
        this.#wantedSince = null;
        this.#given.delete(this.#head - rules.comparedBehind);
        this.#head++;
        this.#replicas.change();
        yield batch;
      }
    } finally {
      stop();
      this.#stop.abort();
      for (const { call } of this.#readers) call.cancel();
      this.#replicas.change();
      await Promise.allSettled(this.#running);
    }
  }

  /** Starts the lanes that are dealt steps and do not run yet. */
  #addLanes(): void {
    for (let number = this.#lanes.length; number < this.#turns.lanes; number++) {
      const lane = { ...fresh(this.#turns.since + number), number };
      this.#lanes.push(lane);
      // A lane that cannot even ask, as where the loader was closed, must not leave its reader waiting.
      this.#running.push(this.#run(lane).catch((error: unknown) => this.#break(error)));
    }
  }

  /** Makes more lanes where the trainer waits too long and replicas have room. */
  #grow(): void {
    const { lanes, since } = this.#turns;
    if (this.#head < since) return;
    const wanted = this.#growth.next(lanes, this.#replicas.well(), this.#wantedSince, this.#replicas.clock.now());
    // A lane ends with the step that it is at, as it was dealt.
    const first = Math.max(this.#head, since, ...this.#lanes.map(({ step }) => step)) + 1;
    if (wanted === lanes || first + wanted > this.#end) return;
    this.#turns.widen(first, wanted);
    this.#addLanes();
  }

  async #next(): Promise<ReceivedBatch> {
    const asked = this.#replicas.clock.now();
    this.#wantedSince = asked;
    for (let again = 0; ; ) {
      if (this.#broken !== undefined) throw this.#broken;
      const batch = this.#ready.get(this.#head);
      if (batch instanceof TributaryError) throw batch;
      this.#ready.delete(this.#head);
      if (batch !== undefined) return batch;
      const since = [...this.#readers].find(({ lane }) => lane.step === this.#head)?.since ?? asked;
      // Each further request waits twice as long, so that a fleet that is merely slow is not asked ever more.
      const left = Math.max(asked, since) + this.#lateAfter() * 2 ** again - this.#replicas.clock.now();
      if (left > 0) await this.#replicas.changed(left);
      else {
        again++;
        // A loader that was closed meanwhile cannot ask: whoever reads is told.
        this.#askElsewhere(this.#head).catch((error: unknown) => this.#break(error));
      }
    }
  }

  /** Milliseconds after which a step is late. */
  #lateAfter(): number {
    const { hedgeSeconds, hedgeFactor } = this.#options;
    if (this.#times.length === 0) return Math.max(hedgeSeconds, rules.firstHedgeSeconds) * 1000;
    return Math.max(hedgeSeconds * 1000, hedgeFactor * median(this.#times));
  }

  async #run(lane: Lane): Promise<void> {
    for (;;) {
      // What came in answer to a second request need not come again.
      while (this.#has(lane.step)) lane.step = this.#turns.after(lane.step, lane.number);
      if (lane.step >= this.#end || this.#stop.signal.aborted) return;
      if (!this.#isAdmitted(lane.step) || this.#ready.has(lane.step)) await this.#replicas.changed(1_000);
      else {
        const replica = this.#replicas.choose(lane.avoid);
        if (replica === null || this.#replicas.refusal() !== null) await this.#await(lane);
        else await this.#lease(lane, replica);
      }
    }
  }

  /** Waits until a replica may be asked again, or for the end of the patience. */
  async #await(lane: Lane): Promise<void> {
    const error = this.#replicas.refusal() ?? this.#outOfPatience(lane);
    if (error !== null) this.#settle(lane.step, error);
    else await this.#replicas.changed(this.#replicas.nextRetry());
  }

  async #lease(lane: Lane, replica: LoaderReplica): Promise<void> {
    const count = Math.min(this.#options.lease, this.#turns.run(lane.step));
    replica.streams++;
    try {
      await this.#read(lane, replica, count);
    } catch (error) {
      const failure = toFailure(error, replica.name);
      const { step } = lane;
      if (failure.error.reason === 'CRC_MISMATCH') this.#damaged.set(step, (this.#damaged.get(step) ?? 0) + 1);
      this.#replicas.failed(replica, failure);
      lane.avoid.add(replica);
      // That it is busy is an answer: patience is for those who give none.
      const isBusy = failure.error.reason === 'REPLICA_BUSY';
      if (isBusy) lane.failingSince = null;
      const over = isBusy ? null : this.#outOfPatience(lane);
      if (failure.verdict === 'end' || (this.#damaged.get(step) ?? 0) >= rules.crcAttempts)
        this.#settle(step, failure.error);
      else if (over !== null) this.#settle(step, over);
    } finally {
      this.#replicas.release(replica);
    }
  }

  /** Reads a stream until its lease ends, or until there is no need for it. */
  async #read(lane: Lane, replica: LoaderReplica, stepCount: number): Promise<void> {
    const { step } = lane;
    const stride = this.#turns.stride(step);
    const { clock } = this.#replicas;
    const call = this.#replicas
      .client(replica)
      .streamBatches({ ...this.#request, firstStep: step, stepCount, stepStride: stride });
    call.once('metadata', (metadata) => this.#replicas.spread(replica, Number(metadata.get(processesKey)[0] ?? 1)));
    const reader: Reader = { lane, replica, call, since: clock.now(), overtaken: false };
    this.#readers.add(reader);
    const { connectTimeout, stallTimeout } = this.#options;
    let refused = false;
    const stop = clock.after(connectTimeout, () => {
      refused = !isConnected(replica);
      if (refused) call.cancel();
    });
    // Twice as long after each time that it waited in vain, so that slow but honest replicas are heard in the end.
    const patience = stallTimeout * 2 ** Math.min(lane.hangs, 6);
    let left = stepCount;
    try {
      for await (const batch of receiveBatches(call, replica.name, patience, clock)) {
        this.#accept(reader, batch);
        const came = lane.step;
        lane.step = this.#turns.after(came, lane.number);
        reader.since = null;
        if (--left === 0 || lane.step !== came + stride) return;
        while (!this.#isAdmitted(lane.step) && !this.#stop.signal.aborted) await this.#replicas.changed(1_000);
        if (this.#stop.signal.aborted || reader.overtaken || this.#has(lane.step)) return;
        if (this.#replicas.isUneven(replica)) return;
        reader.since = clock.now();
      }
      if (left === stepCount) throw endedEarly(step, replica.name);
    } catch (error) {
      if (reader.overtaken || this.#stop.signal.aborted) return;
      if (clock.now() - (reader.since ?? Number.POSITIVE_INFINITY) > patience * 1000) lane.hangs++;
      throw refused ? notConnected(replica.name, connectTimeout) : error;
    } finally {
      stop();
      this.#readers.delete(reader);
    }
  }

  /** Asks another replica for a late step, where there is one that is well. */
  async #askElsewhere(step: number): Promise<void> {
    const late = [...this.#readers].filter(({ lane }) => lane.step === step).map(({ replica }) => replica);
    const replica = this.#replicas.choose(new Set(late));
    if (late.length === 0 || replica === null || late.includes(replica) || !this.#hedges.spend()) return;
    const lane = fresh(step);
    replica.streams++;
    try {
      await this.#read(lane, replica, 1);
    } catch (error) {
      // The lane itself goes on trying: what it meets decides.
      this.#replicas.failed(replica, toFailure(error, replica.name));
    } finally {
      this.#replicas.release(replica);
    }
  }

  #accept({ lane, replica, since }: Reader, batch: ReceivedBatch): void {
    const { step, epoch } = batch.address;
    const { fingerprint } = batch.header;
    const { expectedFingerprint } = this.#request;
    if (step !== lane.step || epoch !== this.#request.epoch) throw otherStep(lane.step, batch);
    if (fingerprint !== expectedFingerprint) throw otherRun(String(expectedFingerprint), batch);
    this.#replicas.succeeded(replica);
    lane.hangs = 0;
    lane.failingSince = null;
    lane.avoid.clear();
    const first = this.#given.get(step);
    if (first !== undefined) {
      if (first.crc32 !== batch.crc32) this.#break(disagree(step, first, batch));
      return;
    }
    if (since !== null) this.#times.push(this.#replicas.clock.now() - since);
    if (this.#times.length > rules.medianOf) this.#times.shift();
    this.#given.set(step, { crc32: batch.crc32, peer: batch.peer });
    if (step >= this.#head) this.#ready.set(step, batch);
    for (const other of this.#readers) {
      if (other.lane === lane || other.lane.step !== step) continue;
      other.replica.slowUntil = performance.now() + rules.slowSeconds * 1000;
      other.lane.avoid.add(other.replica);
      other.overtaken = true;
      other.call.cancel();
    }
    this.#replicas.change();
  }

  #has(step: number): boolean {
    return step < this.#head || this.#given.has(step);
  }

  #isAdmitted(step: number): boolean {
    return step < this.#head + this.#ahead(this.#turns.lanes);
  }

  /** The steps that so many lanes hold or have under way. */
  #ahead(lanes: number): number {
    return Math.min(this.#most, this.#options.prefetch || rules.prefetchPerLane * lanes);
  }

  /** NO_REPLICA once a lane that has failed, or fails now, has waited for longer than the patience. */
  #outOfPatience(lane: Lane): TributaryError | null {
    const { clock } = this.#replicas;
    const { patience, connectTimeout } = this.#options;
    lane.failingSince ??= clock.now();
    if (!clock.waited(lane.failingSince, patience, connectTimeout)) return null;
    return this.#replicas.noReplica((clock.now() - lane.failingSince) / 1000, this.#name(lane.step));
  }

  #name(step: number): string {
    return `step ${step} of epoch ${this.#request.epoch}`;
  }

  /** Keeps what is wrong with a step until the trainer comes to it, unless it has come from elsewhere. */
  #settle(step: number, error: TributaryError): void {
    if (!this.#has(step)) this.#ready.set(step, error);
    this.#replicas.change();
  }

  #break(error: unknown): void {
    this.#broken ??= error;
    this.#replicas.change();
  }
}

function fresh(step: number): Lane {
  return { number: 0, step, hangs: 0, failingSince: null, avoid: new Set() };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
