import { checkEpoch } from '../run/address.js';
import type { Training } from '../run/run.js';
import { oneCycle, shapes } from './shapes.js';

/** What one epoch's optimiser settings are. */
export interface EpochSchedule {
  /** The epoch, from 0. */
  readonly epoch: number;
  /** Weight decay, for the parameter groups whose weight decay is not 0. */
  readonly weightDecay: number;
  /** The factor on lr0, without warm-up. */
  readonly learningRateFactor: number;
}

/**
 * Weight decay of an epoch: from `weight_decay` in epoch 0 to `wd_end` in epoch E-1 by the shape `wd_schedule`; constant
 * where `wd_end` is null or 0, and in a run of one epoch. Source: callbacks/wd_schedule.py.
 *
 * @throws TributaryError EPOCH_OUT_OF_RANGE for anything but a whole epoch in [0, epochs).
 */
export function weightDecay(training: Training, epoch: number): number {
  checkEpoch(epoch, training.epochs);
  const { weight_decay: first, wd_end: last, wd_schedule, epochs } = training;
  if (last === null || last === 0) return first;
  return shapes.find(({ name }) => name === wd_schedule)!.value(first, last, epoch, epochs);
}

/**
 * The factor on lr0 of an epoch, without warm-up: `one_cycle(1, lrf, E)`, so the last epoch is still above lrf.
 * Source: ultralytics/engine/trainer.py with `cos_lr`.
 *
 * @throws TributaryError EPOCH_OUT_OF_RANGE for anything but a whole epoch in [0, epochs).
 */
export function learningRateFactor(training: Training, epoch: number): number {
  checkEpoch(epoch, training.epochs);
  return oneCycle(1, training.lrf, training.epochs, epoch);
}

/** Both of an epoch. Throws as `weightDecay` does. */
export function epochSchedule(training: Training, epoch: number): EpochSchedule {
  return {
    epoch,
    weightDecay: weightDecay(training, epoch),
    learningRateFactor: learningRateFactor(training, epoch),
  };
}

/** Both of every epoch of a run, in order. */
export function epochSchedules(training: Training): EpochSchedule[] {
  return Array.from({ length: training.epochs }, (_, epoch) => epochSchedule(training, epoch));
}
