import type { Training } from '../run/run.js';

/**
 * Ultralytics' half cosine: `y1` at x = 0, `y2` at x = steps, and back again beyond, so callers keep x within.
 * Source: ultralytics/utils/torch_utils.py, `one_cycle`.
 */
export function oneCycle(y1: number, y2: number, steps: number, x: number): number {
  return Math.max((1 - Math.cos((x * Math.PI) / steps)) / 2, 0) * (y2 - y1) + y1;
}

/** The factors on lr0 that `lr_schedule` can name, for epoch 0..E-1. Source: ultralytics/engine/trainer.py, `_setup_scheduler`. */
export const learningRateFactors: Readonly<
  Record<Training['lr_schedule'], (lrf: number, epoch: number, epochs: number) => number>
> = {
  /** With `cos_lr`: `one_cycle(1, lrf, E)`. */
  cosine: (lrf, epoch, epochs) => oneCycle(1, lrf, epochs, epoch),
  /** Without, which is Ultralytics' default: `max(1 - e / E, 0) * (1 - lrf) + lrf`. */
  linear: (lrf, epoch, epochs) => Math.max(1 - epoch / epochs, 0) * (1 - lrf) + lrf,
};

/** The ways from a first value to a last one that `wd_schedule` can name, for epoch 0..epochs-1. */
export const shapes: Readonly<
  Record<Training['wd_schedule'], (first: number, last: number, epoch: number, epochs: number) => number>
> = {
  /** Half a cosine over epochs 0..E-1. Source: callbacks/wd_schedule.py, `one_cycle(start, end, max(E - 1, 1))`. */
  cosine: (first, last, epoch, epochs) => oneCycle(first, last, Math.max(epochs - 1, 1), epoch),
  /**
   * DINOv3's line, by epoch: `first + (last - first) * e / (E - 1)`. Upstream's ramp moves at every iteration
   * (dinov3/train/cosine_lr_scheduler.py, `linear_warmup_cosine_decay` with a warm-up as long as the training); this value
   * is one that the ramp takes within epoch e: its first in the first epoch, its limit in the last.
   */
  linear: (first, last, epoch, epochs) => {
    // Both ends come out exactly: (last - first) + first need not be last in floating point.
    if (epoch === 0) return first;
    return epoch === epochs - 1 ? last : first + ((last - first) * epoch) / (epochs - 1);
  },
};
