import { setMaxListeners } from 'node:events';
import type { Allotment } from '../augment/allotment.js';
import { shareOf } from '../plan/plan.js';
import { viewsAt } from '../plan/resolution-at.js';
import { isOneView } from '../run/views.js';
import { drawingOf } from '../sample/draw-sample.js';
import { whenHere } from '../sources/manifest/away.js';
import type { Batch, BatchRequest } from './batch.js';
import { BatchCargos } from './batch-cargos.js';
import type { Flow, Turn } from './fair-queue.js';
import {
  clearGaps,
  combineViews,
  type GroupTensor,
  groupTensors,
  placeOf,
  shapeOf,
  totalBytes,
} from './group-tensors.js';
import { type MadeSample, makeSamples, type SampleTools } from './make-samples.js';
import type { BatchBuffers } from './sample-task.js';
import { inSlices } from './slices.js';
import type { BatchPlaces } from './worker-pool.js';

/** Where batches are made. */
export interface BatchTools extends SampleTools {
  /** What of them goes to a device; null where there is to be none. */
  readonly allotment: Allotment | null;
}

/**
 * Makes one batch into `room`: plans it, and lets worker threads make every sample, or their part of those that go to the device
 * and what follows it. When it settles, for good or ill, nothing writes to `room` any more.
 */
export async function makeBatch(
  tools: BatchTools,
  request: BatchRequest,
  room: BatchBuffers,
  flow: Flow,
  signal: AbortSignal,
): Promise<Batch> {
  const { open, address, form } = request;
  const failure = new AbortController();
  const turn = { flow, signal: AbortSignal.any([signal, failure.signal]) };
  // One listener for each sample that waits is meant, and no leak.
  setMaxListeners(0, turn.signal);
  const abandoned = new Int32Array(new SharedArrayBuffer(4));
  turn.signal.addEventListener('abort', () => void Atomics.store(abandoned, 0, 1), { once: true });

  const share = shareOf(open.plan, address);
  const planned = (slot: number) => ({ sample: share.sample(slot), slot });
  // What is here of a sample's page stays: nothing that follows waits for a manifest.
  const slots = await whenHere(() => inSlices(share.count, planned, signal), signal);
  const views = viewsAt(open.run, address);
  const tensors = groupTensors(views, slots.length, form);
  const data = new Uint8Array(room.tensor, 0, totalBytes(tensors));
  const places = { ...room, abandoned, tensors, drawing: drawingOf(open.run, views) };
  // Evaluation draws nothing that a device would run.
  const cargos =
    open.run.evaluate || tools.allotment === null ? [] : cargosOf(tools, open.fingerprint, places, slots.length, turn);
  try {
    const made = (await all(await makeSamples(tools, request, slots, places, cargos, turn), failure)).flat();
    const crcs = await crcsOf(tensors, made, cargos);
    clearGaps(tensors, data);
    // All of it may have been under way when it was called off.
    signal.throwIfAborted();
    return {
      address,
      form,
      shape: shapeOf(tensors, views),
      tensors: isOneView(views) ? [] : tensors,
      samples: made.map(({ sample }) => sample),
      data,
      crc32: combineViews(tensors, (place) => crcs.get(place)!),
    };
  } catch (error) {
    failure.abort(error);
    await Promise.all(cargos.map((each) => each.abandon()));
    throw error;
  }
}

/** The cargos of each group of views: a device takes images of one side at a time. */
function cargosOf(
  tools: BatchTools,
  fingerprint: string,
  { tensors, ...room }: BatchPlaces,
  samples: number,
  turn: Turn,
): BatchCargos[] {
  let firstView = 0;
  return tensors.map((tensor) => {
    const cargos = new BatchCargos(
      tools,
      { run: `${fingerprint} ${tensor.name} ${tensor.size}`, tensor, firstView, samples, room },
      turn,
    );
    firstView += tensor.count;
    return cargos;
  });
}

/** The CRC-32 of every view, by where it begins. */
async function crcsOf(
  tensors: readonly GroupTensor[],
  made: readonly MadeSample[],
  cargos: readonly BatchCargos[],
): Promise<ReadonlyMap<number, number>> {
  const crcs = new Map<number, number>();
  for (const each of cargos) for (const [at, crc] of await each.finished()) crcs.set(at, crc);
  for (const [slot, { views }] of made.entries()) {
    let first = 0;
    for (const tensor of tensors) {
      for (let view = 0; view < tensor.count; view++) {
        const { left } = views[first + view]!;
        if (left.kind === 'tensor') crcs.set(placeOf(tensor, slot, view), left.crc32);
      }
      first += tensor.count;
    }
  }
  return crcs;
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
