import { setMaxListeners } from 'node:events';
import type { Allotment } from '../augment/allotment.js';
import { shareOf } from '../plan/plan.js';
import type { Batch, BatchRequest } from './batch.js';
import { BatchCargos } from './batch-cargos.js';
import { combineCrc32 } from './crc32.js';
import type { Flow } from './fair-queue.js';
import { makeSamples, type SampleTools } from './make-samples.js';
import type { BatchBuffers } from './sample-task.js';
import { inSlices } from './slices.js';
import { sampleBytes, tensorShape } from './tensor.js';

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
  const { image_size: size, evaluate } = open.run;
  const failure = new AbortController();
  const turn = { flow, signal: AbortSignal.any([signal, failure.signal]) };
  // One listener for each sample that waits is meant, and no leak.
  setMaxListeners(0, turn.signal);

  const share = shareOf(open.plan, address);
  const slots = await inSlices(share.count, (slot) => ({ sample: share.sample(slot), slot }), signal);
  const batch = { run: open.fingerprint, size, samples: slots.length, room };
  // Evaluation draws nothing that a device would run.
  const cargos = new BatchCargos({ ...tools, allotment: evaluate ? null : tools.allotment }, batch, turn);
  try {
    const made = (await all(await makeSamples(tools, request, slots, room, cargos, turn), failure)).flat();
    const finished = await cargos.finished();
    const crcs = made.map(({ left }, slot) => (left.kind === 'tensor' ? left.crc32 : finished.get(slot)!));
    return {
      address,
      form,
      shape: tensorShape(form.axes, slots.length, size),
      samples: made.map(({ sample }) => sample),
      data: new Uint8Array(room.tensor, 0, slots.length * sampleBytes(form.type, size)),
      crc32: combineCrc32(crcs, sampleBytes(form.type, size)),
    };
  } catch (error) {
    failure.abort(error);
    await cargos.abandon();
    throw error;
  }
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
