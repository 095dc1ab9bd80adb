import type { EpochSchedule__Output } from '../../protos/generated/tributary/v1/EpochSchedule.js';
import type { GetEpochScheduleResponse__Output } from '../../protos/generated/tributary/v1/GetEpochScheduleResponse.js';
import type { RunSelector } from '../../protos/generated/tributary/v1/RunSelector.js';
import type { ScheduleServiceClient } from '../../protos/generated/tributary/v1/ScheduleService.js';
import { contract } from '../contract/contract.js';
import { askAll } from './ask.js';
import { defaultOptions } from './behaviour.js';
import { type ConnectOptions, Replicas } from './replicas.js';

/** A group of parameters as optimisers hold it. */
export interface ParameterGroup {
  weight_decay: number;
}

/** Sets the epoch's weight decay on the groups that have one: those at 0 (norms, biases) stay without. */
export function applyWeightDecay(groups: readonly ParameterGroup[], weightDecay: number): void {
  for (const group of groups) if (group.weight_decay !== 0) group.weight_decay = weightDecay;
}

/** Which run's schedule is asked for, and how many seconds an endpoint is waited for. */
interface ScheduleOptions extends ConnectOptions {
  readonly run: RunSelector;
  readonly patience?: number;
}

/** A trainer's connection to the schedule endpoint. `close` when done. */
export class Schedule {
  readonly #endpoints: Replicas<ScheduleServiceClient>;
  readonly #options: ScheduleOptions;

  private constructor(endpoints: Replicas<ScheduleServiceClient>, options: ScheduleOptions) {
    this.#endpoints = endpoints;
    this.#options = options;
  }

  static async connect(options: ScheduleOptions): Promise<Schedule> {
    const service = contract.tributary.v1.ScheduleService;
    return new Schedule(await Replicas.open(service, options, defaultOptions.resolveInterval), options);
  }

  /**
   * One epoch's settings.
   *
   * @param fingerprint the loader's, so that a schedule of another run is refused with FINGERPRINT_MISMATCH.
   */
  async epoch(epoch: number, fingerprint: string): Promise<EpochSchedule__Output> {
    const { run, patience, connectTimeout } = { ...defaultOptions, ...this.#options };
    const request = { run, epoch, expectedFingerprint: fingerprint };
    const answers = await askAll<ScheduleServiceClient, GetEpochScheduleResponse__Output>(
      this.#endpoints,
      (client, done) => client.getEpochSchedule(request, done),
      { count: 1, patience, connectTimeout, wanted: `the schedule of epoch ${epoch}` },
    );
    return [...answers.values()][0]!.schedule!;
  }

  close(): void {
    this.#endpoints.close();
  }
}
