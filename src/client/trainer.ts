import type { DescribeRunResponse__Output } from '../../protos/generated/tributary/v1/DescribeRunResponse.js';
import { checkCursor, parseCursor } from '../plan/cursor.js';
import { checkEpoch } from '../run/address.js';
import type { Loader } from './loader.js';
import type { ReceivedBatch } from './receive.js';
import { applyWeightDecay, type ParameterGroup, type Schedule } from './schedule-client.js';

/** What a trainer does with what it is fed. */
export interface TrainerSteps {
  /** The optimiser's groups: their weight decay is set at the start of every epoch, but for those at 0. */
  readonly groups: readonly ParameterGroup[];
  onEpoch?(epoch: number, weightDecay: number, description: DescribeRunResponse__Output): Promise<void> | void;
  onBatch(batch: ReceivedBatch, description: DescribeRunResponse__Output): Promise<void> | void;
}

/**
 * Feeds a trainer from a cursor, or from the run's start, to the run's end: each epoch's weight decay first, then its
 * batches in order, every CRC verified. What `onBatch` saw last is the batch whose header has the cursor to resume from.
 *
 * @param cursor of the batch that was trained on last; one from the run's last batch leaves nothing to do.
 * @param epochs the epoch to stop before; the run's own number where absent.
 * @throws TributaryError CURSOR_INVALID, FINGERPRINT_MISMATCH for a cursor of another run, EPOCH_OUT_OF_RANGE and
 *   STEP_OUT_OF_RANGE for one past the end.
 */
export async function train(
  loader: Loader,
  schedule: Schedule,
  steps: TrainerSteps,
  { cursor, epochs }: { cursor?: string | undefined; epochs?: number | undefined } = {},
): Promise<void> {
  const description = await loader.describe();
  const start = cursor === undefined ? { epoch: 0, step: 0 } : startOf(cursor, description);
  const end = Math.min(epochs ?? Number.POSITIVE_INFINITY, description.training!.epochs);
  for (let epoch = start.epoch; epoch < end; epoch++) {
    const { weightDecay } = await schedule.epoch(epoch, description.fingerprint);
    applyWeightDecay(steps.groups, weightDecay);
    await steps.onEpoch?.(epoch, weightDecay, description);
    const first = epoch === start.epoch ? start.step : 0;
    for await (const batch of loader.batches(epoch, first)) await steps.onBatch(batch, description);
  }
}

function startOf(
  text: string,
  { fingerprint, training }: DescribeRunResponse__Output,
): { epoch: number; step: number } {
  const cursor = parseCursor(text);
  checkCursor(cursor, fingerprint);
  const { epochs } = training!;
  // The run's end is a place too: nothing is left to do there.
  if (cursor.epoch !== epochs || cursor.step !== 0) checkEpoch(cursor.epoch, epochs);
  return cursor;
}
