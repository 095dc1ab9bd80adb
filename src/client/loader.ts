import type { DataType } from '../../protos/generated/tributary/v1/DataType.js';
import type { DescribeRunResponse__Output } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import type { Layout } from '../../protos/generated/tributary/v1/Layout.js';
import type { LoaderServiceClient } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { PlanBatchesResponse__Output } from '../../protos/generated/tributary/v1/PlanBatchesResponse.js';
import { contract } from '../contract/contract.js';
import type { RunSelector } from '../contract/run-selector.js';
import { TributaryError } from '../errors.js';
import { checkAddress } from '../run/address.js';
import { Balance } from './balance.js';
import { type ConnectOptions, channelTo } from './connect.js';
import { defaultLaneOptions, type LaneOptions, Lanes } from './lanes.js';
import type { ReceivedBatch } from './receive.js';
import { retried } from './retry.js';

/** Which batches a loader asks for, and how. */
export interface LoaderOptions extends ConnectOptions, Partial<LaneOptions> {
  readonly run: RunSelector;
  readonly rank?: number;
  readonly worldSize?: number;
  readonly dataType?: DataType;
  readonly layout?: Layout;
  readonly withDrawn?: boolean;
  readonly withText?: boolean;
  /** The fingerprint that the run must have; otherwise that of the first replica that answers. */
  readonly fingerprint?: string;
}

/** Replicas of another run that are passed over, one call each, before it counts as an error. */
const strangersPassed = 4;

/** A trainer's connection to its replicas. Stateless but for its channel: every batch has an address. `close` when done. */
export class Loader {
  readonly #client: LoaderServiceClient;
  readonly #balance: Balance;
  readonly #options: LoaderOptions & LaneOptions;
  #description: Promise<DescribeRunResponse__Output> | null = null;

  private constructor(client: LoaderServiceClient, balance: Balance, options: LoaderOptions) {
    this.#client = client;
    this.#balance = balance;
    this.#options = { ...defaultLaneOptions, ...options };
  }

  static async connect(options: LoaderOptions): Promise<Loader> {
    const balance = new Balance();
    return new Loader(
      new contract.tributary.v1.LoaderService(...(await channelTo(options, balance))),
      balance,
      options,
    );
  }

  /** What the run is. Waits for a replica within the patience; one of another run is passed over while there are others. */
  describe(): Promise<DescribeRunResponse__Output> {
    this.#description ??= this.#describe();
    return this.#description;
  }

  async #describe(): Promise<DescribeRunResponse__Output> {
    for (let strangers = 0; ; strangers++) {
      const description = await retried<DescribeRunResponse__Output>(this.#options.patience, (deadline, done) =>
        this.#client.describeRun({ run: this.#options.run }, { deadline }, done),
      );
      const expected = this.#options.fingerprint ?? description.fingerprint;
      if (description.fingerprint === expected) return description;
      if (strangers === strangersPassed)
        throw new TributaryError('FINGERPRINT_MISMATCH', {
          expected: `a run with the fingerprint ${expected}`,
          came: description.fingerprint,
          remedy: 'Give the replicas the config and the sources of the run that is to go on, or start a new run',
          metadata: { expected, fingerprint: description.fingerprint },
        });
    }
  }

  /** Batches of one epoch from `firstStep` on, in order; all to the epoch's end where `stepCount` is absent. */
  async *batches(epoch: number, firstStep = 0, stepCount?: number): AsyncGenerator<ReceivedBatch> {
    const { fingerprint, stepsPerEpoch, globalBatch, training } = await this.describe();
    const { run, rank = 0, worldSize = 1, dataType, layout, withDrawn = false, withText = false } = this.#options;
    const request = {
      run,
      epoch,
      rank,
      worldSize,
      ...(dataType === undefined ? {} : { dataType }),
      ...(layout === undefined ? {} : { layout }),
      withDrawn,
      withText,
      expectedFingerprint: fingerprint,
    };
    const count = stepCount ?? stepsPerEpoch - firstStep;
    const bounds = { epochs: training!.epochs, stepsPerEpoch, globalBatch };
    for (const step of [firstStep, firstStep + Math.max(count, 1) - 1])
      checkAddress(bounds, { epoch, step, rank, worldSize });
    yield* new Lanes(this.#client, this.#balance, request, { first: firstStep, count }, this.#options).batches();
  }

  /** What steps will hold. */
  async *plans(epoch: number, firstStep: number, stepCount: number): AsyncGenerator<PlanBatchesResponse__Output> {
    const { run, rank = 0, worldSize = 1, withDrawn = false } = this.#options;
    yield* this.#client.planBatches({
      run,
      epoch,
      firstStep,
      stepCount,
      rank,
      worldSize,
      withDrawn,
    }) as AsyncIterable<PlanBatchesResponse__Output>;
  }

  close(): void {
    this.#client.close();
  }
}
