import { createHash } from 'node:crypto';
import type { ReceivedBatch } from '../../src/client/receive.js';
import { sevenRun } from '../fleet.js';
import { slotsOf } from './epoch.js';

/** The runs whose batches are committed: one of each recipe family, training and validation. */
export const goldenRuns: Readonly<Record<string, object>> = {
  trained: sevenRun({ global_batch: 8, image_size: 64 }),
  policy: sevenRun({ recipe: 'default', wd_end: 0, global_batch: 8, image_size: 64, erasing: 0.5 }),
  validated: sevenRun({ sources: ['imagenet', 'coco'], split: 'val', global_batch: 6, image_size: 64 }),
};

/** The steps of epoch 1 that are committed. */
export const goldenSteps = [0, 1] as const;

/** What a batch is, in a form that people can compare: of every slot its name, its seed and a digest of its pixels. */
export function golden(batch: ReceivedBatch): string[] {
  return slotsOf([batch]).map(({ sample: { source, key, seed, pass }, pixels }) =>
    [
      `${source}/${key}`,
      `seed ${seed}`,
      `pass ${pass}`,
      createHash('sha256').update(pixels).digest('hex').slice(0, 16),
    ].join(', '),
  );
}
