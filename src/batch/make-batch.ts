import { setMaxListeners } from 'node:events';
import type { Backend, CropPart, Part } from '../augment/backend.js';
import type { DeviceCrops } from '../augment/device-crops.js';
import { planShare } from '../plan/plan.js';
import type { Run } from '../run/run.js';
import type { Batch, BatchRequest } from './batch.js';
import { combineCrc32 } from './crc32.js';
import type { Flow } from './fair-queue.js';
import { type MadeSample, makeSamples, type SampleTools } from './make-samples.js';
import { groupSize, inGroups } from './sample-groups.js';
import type { BatchBuffers } from './sample-task.js';
import { sampleBytes, tensorShape } from './tensor.js';

/** Where batches are made. */
export interface BatchTools extends SampleTools {
  readonly backend: Backend;
}

/**
 * Makes one batch into `room`: plans it, lets worker threads make every sample or their part of it, the device do the rest of
 * those that have one, and worker threads pack what it has done. When it settles, for good or ill, nothing writes to `room`
 * any more.
 */
export async function makeBatch(
  tools: BatchTools,
  request: BatchRequest,
  room: BatchBuffers,
  flow: Flow,
  signal: AbortSignal,
): Promise<Batch> {
  const { pool, queue, backend } = tools;
  const { open, address, form } = request;
  const size = open.run.image_size;
  const failure = new AbortController();
  const turn = { flow, signal: AbortSignal.any([signal, failure.signal]) };
  // One listener for each sample that waits is meant, and no leak.
  setMaxListeners(0, turn.signal);

  const slots = planShare(open.plan, address).map((sample, slot) => ({ sample, slot }));
  const hasDevice = usesDevice(backend, open.run);
  const crops = (hasDevice && backend.room?.take(slots.length, size)) || [];
  let made: readonly MadeSample[];
  try {
    made = (await all(makeSamples(tools, request, slots, { ...room, hasDevice, crops }, turn), failure)).flat();
    await runDevice(
      backend,
      new Uint8Array(room.pixels, 0, slots.length * sampleBytes('UINT8', size)),
      size,
      made,
      crops,
    );
  } finally {
    backend.room?.give(crops);
  }
  const unfinished = slots.map(({ slot }) => slot).filter((slot) => made[slot]!.left.kind !== 'tensor');
  const groups = inGroups(unfinished, groupSize(unfinished.length, pool.threads)).map((group) => {
    const samples = group.map((slot) => ({ slot, erase: made[slot]!.sample.draw.erase }));
    return queue.add(flow, () => pool.pack({ kind: 'pack', ...room, size, samples }), turn.signal, group.length);
  });
  const packed = (await all(groups, failure)).flat();
  const ofPacked = new Map(unfinished.map((slot, i) => [slot, packed[i]!]));
  const crcs = made.map(({ left }, slot) => (left.kind === 'tensor' ? left.crc32 : ofPacked.get(slot)!));
  return {
    address,
    form,
    shape: tensorShape(form.axes, slots.length, size),
    samples: made.map(({ sample }) => sample),
    data: new Uint8Array(room.tensor, 0, slots.length * sampleBytes(form.type, size)),
    crc32: combineCrc32(crcs, sampleBytes(form.type, size)),
  };
}

/** Whether a backend has a part in a run's batches: it is a device beside the worker threads, and the run has steps. */
export function usesDevice(backend: Backend, { evaluate }: Pick<Run, 'evaluate'>): boolean {
  return !evaluate && backend.name !== 'simd';
}

/** Lets the device do what worker threads have left for it. */
async function runDevice(
  backend: Backend,
  pixels: Uint8Array,
  size: number,
  made: readonly MadeSample[],
  lent: readonly DeviceCrops[],
): Promise<void> {
  const parts: Part[] = [];
  const crops: CropPart[] = [];
  for (const [slot, { sample, left }] of made.entries()) {
    const { geometry, steps } = sample.draw;
    if (left.kind === 'pixels') parts.push({ slot, steps: steps.slice(left.from) });
    if (left.kind === 'crop') crops.push({ slot, steps, geometry, placed: left.placed });
  }
  await backend.apply(pixels, size, parts, lent, crops);
}

/** All results, in order. At the first failure the rest is called off, and it rejects once nothing runs any more. */
async function all<T>(tasks: readonly Promise<T>[], failure: AbortController): Promise<T[]> {
  try {
    return await Promise.all(tasks);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(tasks);
    throw error;
  }
}
