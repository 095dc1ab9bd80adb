import { setMaxListeners } from 'node:events';
import type { Backend } from '../augment/backend.js';
import { planShare } from '../plan/plan.js';
import type { Batch, BatchRequest } from './batch.js';
import { combineCrc32 } from './crc32.js';
import type { Flow } from './fair-queue.js';
import { type MadeSlot, makeSlots, type SlotShop, type SlotsPlace } from './make-slots.js';
import { sampleBytes, tensorShape } from './tensor.js';
import { throughBackend } from './through-backend.js';

/** Where batches are made. */
export interface Workshop extends SlotShop {
  /** The backend of the photometric operations; null where the worker threads do them as well. */
  readonly backend: Backend | null;
}

/**
 * Makes one batch into `bytes`: plans it, makes every slot in the worker threads, and runs the backend's part over the
 * whole batch where there is one. When it settles, for good or ill, nothing writes to `bytes` or `staging` any more.
 *
 * @param bytes at least the tensor's bytes.
 * @param staging uint8 pixels for a backend whose result is packed afterwards; null where `bytes` serves.
 */
export async function makeBatch(
  shop: Workshop,
  request: BatchRequest,
  bytes: SharedArrayBuffer,
  staging: SharedArrayBuffer | null,
  flow: Flow,
  signal: AbortSignal,
): Promise<Batch> {
  const { open, address, form } = request;
  const size = open.run.image_size;
  const planned = planShare(open.plan, address);
  const backend = open.run.split === 'train' ? shop.backend : null;
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  // One listener for each sample that waits is meant, and no leak.
  setMaxListeners(0, either);
  const all = <T>(tasks: readonly Promise<T>[]) => settled(tasks, failure);
  const make = async (into: SharedArrayBuffer, slotForm: BatchRequest['form'] | null, crops: SlotsPlace['crops']) => {
    const slotBytes = sampleBytes(slotForm?.type ?? 'UINT8', size);
    const operations = backend?.operations ?? new Set();
    const place = { form: slotForm, operations, bytes: into, slotBytes, crops, flow, signal: either };
    return (await all(makeSlots(shop, request, planned, place))).flat();
  };

  const count = planned.length;
  const { made, crc32 } =
    backend === null
      ? await onThreads(
          make(bytes, form, () => null),
          sampleBytes(form.type, size),
        )
      : await throughBackend(
          shop,
          backend,
          { request, count, bytes, staging, flow, signal: either },
          (crops) => make(staging ?? bytes, null, crops),
          all,
        );
  return {
    address,
    form,
    shape: tensorShape(form.layout, count, size),
    samples: made.map(({ sample }) => sample),
    data: new Uint8Array(bytes, 0, count * sampleBytes(form.type, size)),
    crc32,
  };
}

/** Slots that the worker threads finish. */
async function onThreads(
  slots: Promise<readonly MadeSlot[]>,
  tensorBytes: number,
): Promise<{ made: readonly MadeSlot[]; crc32: number }> {
  const made = await slots;
  // A task that has a form ends with the CRC of what it packed.
  const crcs = made.map(({ crc32 }) => crc32!);
  return { made, crc32: combineCrc32(crcs, tensorBytes) };
}

/** All results, in order. At the first failure the rest is called off, and it rejects once nothing runs any more. */
async function settled<T>(tasks: readonly Promise<T>[], failure: AbortController): Promise<T[]> {
  try {
    return await Promise.all(tasks);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(tasks);
    throw error;
  }
}
