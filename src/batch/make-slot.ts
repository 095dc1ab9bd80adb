import type { CropMemory, PlacedCrop } from '../augment/crop-memory.js';
import { TributaryError } from '../errors.js';
import type { PlannedSample } from '../plan/input.js';
import { successor } from '../plan/plan.js';
import type { BatchRequest, BatchSample, CorruptSample } from './batch.js';
import type { FairQueue, Flow } from './fair-queue.js';
import type { WorkerPool } from './worker-pool.js';

/** Where slots are made. */
export interface SlotShop {
  readonly pool: WorkerPool;
  readonly queue: FairQueue;
  /** Told of every slot's outcome. */
  readonly onSample: (source: string, corrupt: readonly CorruptSample[]) => void;
}

/** Where a slot's bytes go, and in whose turn it is made. */
export interface Slot {
  /** The tensor's form; null where a backend has the photometric operations yet to do. */
  readonly form: BatchRequest['form'] | null;
  readonly bytes: SharedArrayBuffer;
  readonly offset: number;
  /** Where the slot's crop goes for a backend that resizes. */
  readonly crops: CropMemory | null;
  readonly flow: Flow;
  readonly signal: AbortSignal;
}

/** What was made of a slot. */
export interface MadeSlot {
  readonly sample: BatchSample;
  /** Where its crop lies for the backend to resize; null where the sample is resized. */
  readonly placed: PlacedCrop | null;
  /** CRC-32 of its bytes; null where a backend has yet to finish them. */
  readonly crc32: number | null;
}

/** Samples of a walk that are tried for one slot before the source counts as unreadable. */
export const triesPerSlot = 64;

/**
 * Makes the planned sample, or the next readable one of the same walk where the run substitutes corrupt ones.
 *
 * @throws TributaryError SAMPLE_CORRUPT where the run does not substitute, or `triesPerSlot` samples are corrupt.
 */
export async function makeSlot(
  shop: SlotShop,
  { open, address }: BatchRequest,
  planned: PlannedSample,
  slot: Slot,
): Promise<MadeSlot> {
  const { run } = open;
  const manifest = open.manifests[planned.source]!;
  const corrupt: CorruptSample[] = [];
  const most = Math.min(triesPerSlot, manifest.count);
  for (let tries = 0; tries < most; tries++) {
    const sample = tries === 0 ? planned : successor(open.plan, address.epoch, planned, tries);
    const { index, seed, pass } = sample;
    const outcome = await shop.queue.add(
      slot.flow,
      () =>
        shop.pool.run(
          {
            kind: 'make',
            seed,
            split: run.split,
            knobs: run.knobs,
            size: run.image_size,
            limits: run.limits,
            form: slot.form,
            bytes: slot.bytes,
            offset: slot.offset,
            crops: slot.crops,
          },
          { manifest, index },
        ),
      slot.signal,
    );
    const key = manifest.key(index);
    open.corruptBound.count(outcome.status === 'corrupt');
    if (outcome.status === 'ok') {
      shop.onSample(manifest.source, corrupt);
      const { draw, placed, crc32 } = outcome;
      const label = manifest.label(index);
      return { sample: { source: manifest.source, key, seed, pass, label, draw, index, corrupt }, placed, crc32 };
    }
    const reason = outcome.status === 'corrupt' ? outcome.reason : outcome.status;
    corrupt.push({ key, reason });
    if (run.on_corrupt === 'fail') throw corruptSample(manifest.source, corrupt, 'a readable image');
  }
  throw corruptSample(manifest.source, corrupt, `a readable image among ${most} samples of the walk`);
}

function corruptSample(source: string, corrupt: readonly CorruptSample[], expected: string): TributaryError {
  const last = corrupt.at(-1)!;
  return new TributaryError('SAMPLE_CORRUPT', {
    expected: `${expected} for source ${source}`,
    came: `${last.key}: ${last.reason}`,
    remedy: 'Mend or remove the file and index the source again, or set on_corrupt to substitute',
    metadata: { source, key: last.key, cause: last.reason },
  });
}
