import type { CropMemory, PlacedCrop } from '../augment/crop-memory.js';
import { TributaryError } from '../errors.js';
import type { PlannedSample } from '../plan/input.js';
import { successor } from '../plan/plan.js';
import type { OperationName } from '../sample/draw.js';
import type { BatchRequest, BatchSample, CorruptSample } from './batch.js';
import type { FairQueue, Flow } from './fair-queue.js';
import { groupSize, inGroups } from './sample-groups.js';
import type { MakeTask } from './sample-task.js';
import type { Finished, WorkerPool } from './worker-pool.js';

/** Where slots are made. */
export interface SlotShop {
  readonly pool: WorkerPool;
  readonly queue: FairQueue;
  /** Told of every slot's outcome. */
  readonly onSample: (source: string, corrupt: readonly CorruptSample[]) => void;
}

/** Where the slots' bytes go, and in whose turn they are made. */
export interface SlotsPlace {
  /** The tensor's form; null where a backend has the photometric operations yet to do. */
  readonly form: BatchRequest['form'] | null;
  /** What that backend runs; empty where there is none. */
  readonly operations: ReadonlySet<OperationName>;
  readonly bytes: SharedArrayBuffer;
  /** Bytes of one slot. */
  readonly slotBytes: number;
  /** Where a slot's crop goes for a backend that resizes. */
  crops(slot: number): CropMemory | null;
  readonly flow: Flow;
  readonly signal: AbortSignal;
}

/** What was made of a slot. */
export interface MadeSlot {
  readonly sample: BatchSample;
  /** The first of its steps that is the backend's. */
  readonly suffix: number;
  /** Where its crop lies for the backend to resize; null where the sample is resized. */
  readonly placed: PlacedCrop | null;
  /** CRC-32 of its bytes; null where a backend has yet to finish them. */
  readonly crc32: number | null;
}

/** Samples of a walk that are tried for one slot before the source counts as unreadable. */
export const triesPerSlot = 64;

/**
 * Makes the planned samples, or for a corrupt one the next readable one of the same walk where the run substitutes.
 *
 * @returns groups of slots, in order; each is made by itself.
 * @throws TributaryError SAMPLE_CORRUPT where the run does not substitute, or `triesPerSlot` samples are corrupt.
 */
export function makeSlots(
  shop: SlotShop,
  request: BatchRequest,
  planned: readonly PlannedSample[],
  place: SlotsPlace,
): Promise<MadeSlot[]>[] {
  const slots = planned.map((sample, slot) => ({ sample, slot }));
  return inGroups(slots, groupSize(slots.length, shop.pool.threads)).map(async (group) => {
    const outcomes = await makeOnce(shop, request, group, place);
    const made: MadeSlot[] = [];
    // One after the other: where one fails, none of the group may still be written to.
    for (const [i, slot] of group.entries()) made.push(await settleSlot(shop, request, slot, outcomes[i]!, place));
    return made;
  });
}

interface SlotOf {
  readonly sample: PlannedSample;
  readonly slot: number;
}

function makeOnce(
  { pool, queue }: SlotShop,
  { open }: BatchRequest,
  slots: readonly SlotOf[],
  { form, operations, bytes, slotBytes, crops, flow, signal }: SlotsPlace,
): Promise<Finished[]> {
  const { split, knobs, image_size: size, limits } = open.run;
  const samples = slots.map(({ sample: { source, index, seed }, slot }) => ({
    manifest: open.manifests[source]!,
    index,
    seed,
    offset: slot * slotBytes,
    crops: crops(slot),
  }));
  const act = () => pool.run<MakeTask>({ kind: 'make', split, knobs, size, limits, form, operations, bytes, samples });
  return queue.add(flow, act, signal, samples.length);
}

async function settleSlot(
  shop: SlotShop,
  request: BatchRequest,
  { sample: planned, slot }: SlotOf,
  first: Finished,
  place: SlotsPlace,
): Promise<MadeSlot> {
  const { open, address } = request;
  const manifest = open.manifests[planned.source]!;
  const corrupt: CorruptSample[] = [];
  const most = Math.min(triesPerSlot, manifest.count);
  for (let tries = 0; tries < most; tries++) {
    const sample = tries === 0 ? planned : successor(open.plan, address.epoch, planned, tries);
    const outcome = tries === 0 ? first : (await makeOnce(shop, request, [{ sample, slot }], place))[0]!;
    const { index, seed, pass } = sample;
    const key = manifest.key(index);
    open.corruptBound.count(outcome.status === 'corrupt');
    if (outcome.status === 'ok') {
      shop.onSample(manifest.source, corrupt);
      const { draw, suffix, placed, crc32 } = outcome;
      const label = manifest.label(index);
      const made = { source: manifest.source, key, seed, pass, label, draw, index, corrupt };
      return { sample: made, suffix, placed, crc32 };
    }
    corrupt.push({ key, reason: outcome.reason });
    if (open.run.on_corrupt === 'fail') throw corruptSample(manifest.source, corrupt, 'a readable image');
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
