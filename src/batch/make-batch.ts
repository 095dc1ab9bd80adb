import { setMaxListeners } from 'node:events';
import { crc32 } from 'node:zlib';
import type { Backend } from '../augment/backend.js';
import type { CropMemory, PlacedCrop } from '../augment/crop-memory.js';
import { TributaryError } from '../errors.js';
import type { PlannedSample } from '../plan/input.js';
import { planShare, successor } from '../plan/plan.js';
import type { Draw } from '../sample/draw.js';
import type { Batch, BatchRequest, BatchSample, CorruptSample } from './batch.js';
import type { FairQueue, Flow } from './fair-queue.js';
import { sampleBytes, tensorShape } from './tensor.js';
import type { WorkerPool } from './worker-pool.js';

/** Where batches are made. */
export interface Workshop {
  readonly pool: WorkerPool;
  readonly queue: FairQueue;
  /** The backend of the photometric operations; null where the worker threads do them as well. */
  readonly backend: Backend | null;
  /** Told of every slot's outcome. */
  readonly onSample: (source: string, corrupt: readonly CorruptSample[]) => void;
}

/** Samples of a walk that are tried for one slot before the source counts as unreadable. */
export const triesPerSlot = 64;

/**
 * Makes one batch into `bytes`: plans it, makes every slot in the worker threads, runs the backend's part over the whole
 * batch where there is one, and takes the CRC. When it settles, for good or ill, nothing writes to `bytes` or `staging`
 * any more.
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
  const photometricBackend = open.run.split === 'train' ? shop.backend : null;
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  // One listener for each sample that waits is meant, and no leak.
  setMaxListeners(0, either);
  const crops = photometricBackend?.crops;
  const memories = crops?.take(planned.length, size) ?? [];
  const placed = new Array<PlacedCrop | null>(planned.length).fill(null);
  const slots = planned.map((sample, slot) =>
    makeSlot(shop, request, sample, {
      form: photometricBackend === null ? form : null,
      bytes: photometricBackend === null ? bytes : (staging ?? bytes),
      offset: slot * sampleBytes(photometricBackend === null ? form.type : 'UINT8', size),
      crops: memories.length === 0 ? null : memories[Math.floor(slot / memories[0]!.images)]!,
      place: (crop) => {
        placed[slot] = crop;
      },
      flow,
      signal: either,
    }),
  );
  let samples: BatchSample[];
  try {
    samples = await settled(slots, failure);
    if (photometricBackend !== null) {
      const pixels = new Uint8Array(staging ?? bytes, 0, planned.length * sampleBytes('UINT8', size));
      const draws = samples.map((sample) => sample.draw);
      await (memories.length === 0
        ? photometricBackend.apply(pixels, size, draws)
        : crops!.apply(pixels, size, draws, memories, placed));
    }
  } finally {
    crops?.giveBack(memories);
  }
  if (photometricBackend !== null && staging !== null)
    await settled(
      samples.map((sample, slot) => pack(shop, request, sample, slot, bytes, staging, flow, either)),
      failure,
    );
  const data = new Uint8Array(bytes, 0, planned.length * sampleBytes(form.type, size));
  return {
    address,
    form,
    shape: tensorShape(form.layout, planned.length, size),
    samples,
    data,
    crc32: crc32(data),
  };
}

interface Slot {
  readonly form: BatchRequest['form'] | null;
  readonly bytes: SharedArrayBuffer;
  readonly offset: number;
  /** Where the slot's crop goes for a backend that resizes. */
  readonly crops: CropMemory | null;
  /** Told where it lies. */
  readonly place: (crop: PlacedCrop | null) => void;
  readonly flow: Flow;
  readonly signal: AbortSignal;
}

async function makeSlot(
  shop: Workshop,
  request: BatchRequest,
  planned: PlannedSample,
  slot: Slot,
): Promise<BatchSample> {
  const { open, address } = request;
  const { run } = open;
  const manifest = open.manifests[planned.source]!;
  const corrupt: CorruptSample[] = [];
  const most = Math.min(triesPerSlot, manifest.count);
  for (let tries = 0; tries < most; tries++) {
    const sample = tries === 0 ? planned : successor(open.plan, address.epoch, planned, tries);
    const outcome = await shop.queue.add(
      slot.flow,
      () =>
        shop.pool.run(
          {
            kind: 'make',
            seed: sample.seed,
            split: run.split,
            knobs: run.knobs,
            size: run.image_size,
            limits: run.limits,
            form: slot.form,
            bytes: slot.bytes,
            offset: slot.offset,
            crops: slot.crops,
          },
          { manifest, index: sample.index },
        ),
      slot.signal,
    );
    const key = manifest.key(sample.index);
    open.corruptBound.count(outcome.status === 'corrupt');
    if (outcome.status === 'ok') {
      shop.onSample(manifest.source, corrupt);
      slot.place(outcome.placed);
      const { index, seed, pass } = sample;
      return {
        source: manifest.source,
        key,
        seed,
        pass,
        label: manifest.label(index),
        draw: outcome.draw,
        index,
        corrupt,
      };
    }
    const reason = outcome.status === 'corrupt' ? outcome.reason : outcome.status;
    corrupt.push({ key, reason });
    if (run.on_corrupt === 'fail') throw corruptSample(manifest.source, corrupt, 'a readable image');
  }
  throw corruptSample(manifest.source, corrupt, `a readable image among ${most} samples of the walk`);
}

async function pack(
  shop: Workshop,
  { open, form }: BatchRequest,
  sample: { readonly draw: Draw },
  slot: number,
  bytes: SharedArrayBuffer,
  pixels: SharedArrayBuffer,
  flow: Flow,
  signal: AbortSignal,
): Promise<void> {
  const size = open.run.image_size;
  await shop.queue.add(
    flow,
    () =>
      shop.pool.pack({
        kind: 'pack',
        pixels,
        pixelsOffset: slot * sampleBytes('UINT8', size),
        size,
        form,
        erase: sample.draw.erase,
        bytes,
        offset: slot * sampleBytes(form.type, size),
      }),
    signal,
  );
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

function corruptSample(source: string, corrupt: readonly CorruptSample[], expected: string): TributaryError {
  const last = corrupt.at(-1)!;
  return new TributaryError('SAMPLE_CORRUPT', {
    expected: `${expected} for source ${source}`,
    came: `${last.key}: ${last.reason}`,
    remedy: 'Mend or remove the file and index the source again, or set on_corrupt to substitute',
    metadata: { source, key: last.key, cause: last.reason },
  });
}
