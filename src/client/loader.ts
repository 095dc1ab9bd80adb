import type { DataType } from '../../protos/generated/tributary/v1/DataType.js';
import type { DescribeRunResponse__Output } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import type { Layout } from '../../protos/generated/tributary/v1/Layout.js';
import type { LoaderServiceClient } from '../../protos/generated/tributary/v1/LoaderService.js';
import type { RunSelector } from '../../protos/generated/tributary/v1/RunSelector.js';
import type { ViewOrder } from '../../protos/generated/tributary/v1/ViewOrder.js';
import { contract } from '../contract/contract.js';
import { TributaryError } from '../errors.js';
import { checkAddress } from '../run/address.js';
import { askAll } from './ask.js';
import { type ClientOptions, defaultOptions, rules } from './behaviour.js';
import { Lanes } from './lanes.js';
import type { ReceivedBatch } from './receive.js';
import { type ConnectOptions, Replicas } from './replicas.js';

/** Which batches a loader asks for, and how. */
export interface LoaderOptions extends ConnectOptions, Partial<ClientOptions> {
  /** By name or whole; with another `split`, or to `evaluate`, where it is not the run as it stands. */
  readonly run: RunSelector;
  readonly rank?: number;
  readonly worldSize?: number;
  readonly dataType?: DataType;
  readonly layout?: Layout;
  /** The order of several views in their tensors. */
  readonly viewOrder?: ViewOrder;
  readonly withDrawn?: boolean;
  readonly withText?: boolean;
  /** The fingerprint that the run must have; otherwise that of the first replica that answers. */
  readonly fingerprint?: string;
}

/** Bytes of a value of each type. */
const bytesOf: Readonly<Record<string, number>> = {
  DATA_TYPE_UNSPECIFIED: 1,
  DATA_TYPE_UINT8: 1,
  DATA_TYPE_FLOAT32: 4,
  DATA_TYPE_FLOAT16: 2,
  DATA_TYPE_BFLOAT16: 2,
};

/** A trainer's connection to its replicas. Stateless but for its channels: every batch has an address. `close` when done. */
export class Loader {
  readonly #replicas: Replicas<LoaderServiceClient>;
  readonly #options: LoaderOptions & ClientOptions;
  #description: Promise<DescribeRunResponse__Output> | null = null;

  private constructor(replicas: Replicas<LoaderServiceClient>, options: LoaderOptions & ClientOptions) {
    this.#replicas = replicas;
    this.#options = options;
  }

  static async connect(given: LoaderOptions): Promise<Loader> {
    const options = { ...defaultOptions, ...given };
    const service = contract.tributary.v1.LoaderService;
    return new Loader(await Replicas.open(service, options, options.resolveInterval), options);
  }

  /**
   * What the run is. Waits for a replica within the patience; all that answer must agree on the fingerprint, but for those
   * of other runs where a fingerprint is given.
   */
  describe(): Promise<DescribeRunResponse__Output> {
    this.#description ??= this.#describe();
    return this.#description;
  }

  async #describe(): Promise<DescribeRunResponse__Output> {
    const { run, patience, connectTimeout, fingerprint } = this.#options;
    const answers = await askAll<LoaderServiceClient, DescribeRunResponse__Output>(
      this.#replicas,
      (client, done) => client.describeRun({ run }, done),
      { count: rules.askedFirst, patience, connectTimeout, wanted: 'what the run is' },
    );
    const fitting = [...answers.values()].filter(
      (answer) => answer.fingerprint === (fingerprint ?? answer.fingerprint),
    );
    if (new Set(fitting.map((answer) => answer.fingerprint)).size === 1) return fitting[0]!;
    const found = [...answers].map(([name, answer]) => [name, answer.fingerprint] as const).sort();
    throw new TributaryError('FINGERPRINT_MISMATCH', {
      expected: fingerprint === undefined ? 'replicas of one run' : `a run with the fingerprint ${fingerprint}`,
      came: found.map((pair) => pair.join(': ')).join(', '),
      remedy: 'Bring all replicas to the config and the sources of the run that is to go on, or start a new run',
      metadata: Object.fromEntries(found),
    });
  }

  /** Batches of one epoch from `firstStep` on, in order; all to the epoch's end where `stepCount` is absent. */
  async *batches(epoch: number, firstStep = 0, stepCount?: number): AsyncGenerator<ReceivedBatch> {
    const { fingerprint, stepsPerEpoch, globalBatch, imageSize, training, evaluate, views, resolutions } =
      await this.describe();
    const { rank = 0, worldSize = 1, dataType = 'DATA_TYPE_UINT8', layout = 'LAYOUT_NHWC' } = this.#options;
    const { run, withDrawn = false, withText = false, viewOrder = 'VIEW_ORDER_UNSPECIFIED' } = this.#options;
    const asked = { run, rank, worldSize, dataType, layout, viewOrder, withDrawn, withText, withProgress: true };
    const request = { ...asked, epoch, expectedFingerprint: fingerprint };
    const count = stepCount ?? stepsPerEpoch - firstStep;
    // No training ends an evaluation.
    const bounds = { epochs: evaluate ? Number.MAX_SAFE_INTEGER : training!.epochs, stepsPerEpoch, globalBatch };
    for (const step of [firstStep, firstStep + Math.max(count, 1) - 1])
      checkAddress(bounds, { epoch, step, rank, worldSize });
    const groups = views.length === 0 ? [{ imageSize, knobs: [null] }] : views;
    const pixelsAt = (sizes: readonly number[]) =>
      groups.reduce((sum, { knobs: { length } }, i) => sum + length * sizes[i]! ** 2, 0);
    const atEach =
      resolutions.length === 0 ? [groups.map((group) => group.imageSize)] : resolutions.map((each) => each.imageSizes);
    const pixels = Math.max(...atEach.map(pixelsAt));
    const batchBytes = (globalBatch / worldSize) * pixels * 3 * (bytesOf[dataType] ?? 4);
    const most = Math.max(1, Math.floor(this.#options.budgetBytes / batchBytes));
    yield* new Lanes(this.#replicas, request, { first: firstStep, count, most }, this.#options).batches();
  }

  close(): void {
    this.#replicas.close();
  }
}
