import type { EpochSchedule__Output } from '../../protos/generated/tributary/v1/EpochSchedule.js';
import type { GetEpochScheduleResponse__Output } from '../../protos/generated/tributary/v1/GetEpochScheduleResponse.js';
import type { ScheduleServiceClient } from '../../protos/generated/tributary/v1/ScheduleService.js';
import { contract } from '../contract/contract.js';
import type { RunSelector } from '../contract/run-selector.js';
import { type ConnectOptions, channelTo } from './connect.js';
import { defaultLaneOptions } from './lanes.js';
import { retried } from './retry.js';

/** A group of parameters as optimisers hold it. */
export interface ParameterGroup {
  weight_decay: number;
}

/** Sets the epoch's weight decay on the groups that have one: those at 0 (norms, biases) stay without. */
export function applyWeightDecay(groups: readonly ParameterGroup[], weightDecay: number): void {
  for (const group of groups) if (group.weight_decay !== 0) group.weight_decay = weightDecay;
}

/** A trainer's connection to the schedule endpoint. `close` when done. */
export class Schedule {
  readonly #client: ScheduleServiceClient;
  readonly #run: RunSelector;
  readonly #patience: number;

  private constructor(client: ScheduleServiceClient, run: RunSelector, patience: number) {
    this.#client = client;
    this.#run = run;
    this.#patience = patience;
  }

  static async connect(options: ConnectOptions & { run: RunSelector; patience?: number }): Promise<Schedule> {
    const client = new contract.tributary.v1.ScheduleService(...(await channelTo(options)));
    return new Schedule(client, options.run, options.patience ?? defaultLaneOptions.patience);
  }

  /**
   * One epoch's settings.
   *
   * @param fingerprint the loader's, so that a schedule of another run is refused with FINGERPRINT_MISMATCH.
   */
  async epoch(epoch: number, fingerprint: string): Promise<EpochSchedule__Output> {
    const answer = await retried<GetEpochScheduleResponse__Output>(this.#patience, (deadline, done) =>
      this.#client.getEpochSchedule({ run: this.#run, epoch, expectedFingerprint: fingerprint }, { deadline }, done),
    );
    return answer.schedule!;
  }

  close(): void {
    this.#client.close();
  }
}
