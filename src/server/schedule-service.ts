import type { Logger } from 'pino';
import type { ScheduleServiceHandlers } from '../../protos/generated/tributary/v1/ScheduleService.js';
import { checkMessage } from '../contract/message-limit.js';
import type { OpenRuns } from '../runs/open-runs.js';
import { epochSchedule, epochSchedules } from '../schedule/schedule.js';
import { handleUnary } from './handle.js';
import type { Metrics } from './metrics.js';
import { openAsked } from './resolve-request.js';

/** The schedule's calls. They read manifests for the run's fingerprint, and decode nothing. */
export function scheduleService(runs: OpenRuns, log: Logger, metrics: Metrics): ScheduleServiceHandlers {
  return {
    GetEpochSchedule: handleUnary({ log, metrics }, async (request) => {
      const { fingerprint, run } = await openAsked(runs, request);
      return { fingerprint, schedule: epochSchedule(run.training, request.epoch), epochCount: run.training.epochs };
    }),
    ListEpochSchedules: handleUnary({ log, metrics }, async (request) => {
      const { fingerprint, run } = await openAsked(runs, request);
      // An epoch's number and two doubles, each with its tag.
      checkMessage(
        run.training.epochs * 27,
        `the schedule of all epochs of run ${run.name}`,
        'Lower epochs in the run',
      );
      return { fingerprint, schedules: epochSchedules(run.training) };
    }),
  };
}
