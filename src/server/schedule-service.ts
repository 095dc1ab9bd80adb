import type { Logger } from 'pino';
import type { ScheduleServiceHandlers } from '../../protos/generated/tributary/v1/ScheduleService.js';
import { checkMessage } from '../contract/message-limit.js';
import { readRunSelector } from '../contract/run-selector.js';
import type { OpenRuns } from '../runs/open-runs.js';
import { epochSchedule, epochSchedules } from '../schedule/schedule.js';
import { handleUnary } from './handle.js';
import type { Metrics } from './metrics.js';
import { checkFingerprint } from './resolve-request.js';

/** The schedule's calls. They read manifests for the run's fingerprint, and decode nothing. */
export function scheduleService(runs: OpenRuns, log: Logger, metrics: Metrics): ScheduleServiceHandlers {
  return {
    GetEpochSchedule: handleUnary({ log, metrics }, async ({ run, epoch, expectedFingerprint }) => {
      const open = await runs.open(readRunSelector(run));
      checkFingerprint(open, expectedFingerprint);
      const { training } = open.run;
      return { fingerprint: open.fingerprint, schedule: epochSchedule(training, epoch), epochCount: training.epochs };
    }),
    ListEpochSchedules: handleUnary({ log, metrics }, async ({ run, expectedFingerprint }) => {
      const open = await runs.open(readRunSelector(run));
      checkFingerprint(open, expectedFingerprint);
      const { training } = open.run;
      // An epoch's number and two doubles, each with its tag.
      checkMessage(
        training.epochs * 27,
        `the schedule of all epochs of run ${open.run.name}`,
        'Lower epochs in the run',
      );
      return { fingerprint: open.fingerprint, schedules: epochSchedules(training) };
    }),
  };
}
