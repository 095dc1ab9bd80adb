import { checkEpoch } from '../run/address.js';
import type { Training } from '../run/run.js';
import { learningRateFactors, shapes } from './shapes.js';

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
 * The settings of an epoch. Weight decay goes from `weight_decay` in epoch 0 to `wd_end` in epoch E-1 by the shape
 * `wd_schedule`; it is constant where `wd_end` is null or 0, and in a run of one epoch. Source: callbacks/wd_schedule.py.
 * The factor goes from 1 towards `lrf` by the shape `lr_schedule`; the last epoch is still above lrf.
 *
 * @throws TributaryError EPOCH_OUT_OF_RANGE for anything but a whole epoch in [0, epochs).
 */
export function epochSchedule(training: Training, epoch: number): EpochSchedule {
  const { weight_decay: first, wd_end: last, wd_schedule, lr_schedule, lrf, epochs } = training;
  checkEpoch(epoch, epochs);
  return {
    epoch,
    weightDecay: last === null || last === 0 ? first : shapes[wd_schedule](first, last, epoch, epochs),
    learningRateFactor: learningRateFactors[lr_schedule](lrf, epoch, epochs),
  };
}
