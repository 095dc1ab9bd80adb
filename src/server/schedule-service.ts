import type { Logger } from 'pino';
import type { ScheduleServiceHandlers } from '../../protos/generated/tributary/v1/ScheduleService.js';
import { inSlices } from '../batch/slices.js';
import { bounds, checkBound } from '../contract/bounds.js';
import type { OpenRuns } from '../runs/open-runs.js';
import { epochSchedule } from '../schedule/schedule.js';
import { Gate } from './gate.js';
import { handleUnary } from './handle.js';
import type { Metrics } from './metrics.js';
import { openAsked } from './resolve-request.js';
import type { Tokens } from './tokens.js';

/** The schedule's calls. They read manifests for the run's fingerprint, and decode nothing. */
export function scheduleService(
  runs: OpenRuns,
  log: Logger,
  metrics: Metrics,
  tokens: Tokens | null = null,
): ScheduleServiceHandlers {
  const gate = new Gate(tokens);
  const watch = { log, metrics, gate };
  return {
    GetEpochSchedule: handleUnary(watch, async (request, caller) => {
      const { fingerprint, run } = await openAsked({ runs, gate }, request, caller);
      return { fingerprint, schedule: epochSchedule(run.training, request.epoch), epochCount: run.training.epochs };
    }),
    ListEpochSchedules: handleUnary(watch, async (request, caller) => {
      const { fingerprint, run } = await openAsked({ runs, gate }, request, caller);
      const { epochs } = run.training;
      checkBound(
        epochs,
        bounds.epochs,
        'epochs in one answer',
        'Lower epochs in the run, or ask for epochs one by one',
      );
      const schedules = await gate.turn(
        caller,
        () => inSlices(epochs, (epoch) => epochSchedule(run.training, epoch)),
        epochs / 1000,
      );
      return { fingerprint, schedules };
    }),
  };
}
