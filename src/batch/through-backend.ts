import type { Backend, CropPart, Part } from '../augment/backend.js';
import type { CropMemory } from '../augment/crop-memory.js';
import type { BatchRequest } from './batch.js';
import { combineCrc32 } from './crc32.js';
import type { Flow } from './fair-queue.js';
import type { MadeSlot, SlotShop } from './make-slots.js';
import { sampleBytes } from './tensor.js';

/** A batch that a backend finishes. */
export interface BackendBatch {
  readonly request: BatchRequest;
  readonly count: number;
  /** The tensor's bytes. */
  readonly bytes: SharedArrayBuffer;
  /** uint8 pixels that are packed afterwards; null where `bytes` serves. */
  readonly staging: SharedArrayBuffer | null;
  readonly flow: Flow;
  readonly signal: AbortSignal;
}

/** Makes the slots' pixels, a slot's crop among `crops` where that is not null. */
type MakePixels = (crops: (slot: number) => CropMemory | null) => Promise<MadeSlot[]>;

/**
 * Makes a batch of which worker threads decode and crop, a backend does the photometric operations and, where it takes
 * crops, the resize, and worker threads pack the result.
 *
 * @param all awaits tasks, and stops them all at the first failure.
 * @returns the slots, and the CRC-32 of the tensor.
 */
export async function throughBackend(
  { pool, queue }: SlotShop,
  backend: Backend,
  { request, count, bytes, staging, flow, signal }: BackendBatch,
  makePixels: MakePixels,
  all: <T>(tasks: readonly Promise<T>[]) => Promise<T[]>,
): Promise<{ made: readonly MadeSlot[]; crc32: number }> {
  const { form, open } = request;
  const size = open.run.image_size;
  const pixelBytes = sampleBytes('UINT8', size);
  const memories = backend.crops?.take(count, size) ?? [];
  let made: MadeSlot[];
  try {
    made = await makePixels((slot) =>
      memories.length === 0 ? null : memories[Math.floor(slot / memories[0]!.images)]!,
    );
    const pixels = new Uint8Array(staging ?? bytes, 0, count * pixelBytes);
    const parts: Part[] = [];
    const crops: CropPart[] = [];
    for (const [slot, { sample, suffix, placed }] of made.entries()) {
      const { geometry, steps } = sample.draw;
      if (placed !== null) crops.push({ slot, steps, geometry, placed });
      else if (suffix < steps.length) parts.push({ slot, steps: steps.slice(suffix) });
    }
    if (crops.length > 0) await backend.crops!.apply(pixels, size, parts, memories, crops);
    else if (parts.length > 0) await backend.apply(pixels, size, parts);
  } finally {
    backend.crops?.giveBack(memories);
  }
  const tensorBytes = sampleBytes(form.type, size);
  if (staging === null) {
    const check = () => pool.pack({ kind: 'check', bytes, length: count * tensorBytes });
    return { made, crc32: await queue.add(flow, check, signal) };
  }
  const crcs = await all(
    made.map(({ sample }, slot) =>
      queue.add(
        flow,
        () =>
          pool.pack({
            kind: 'pack',
            pixels: staging,
            pixelsOffset: slot * pixelBytes,
            size,
            form,
            erase: sample.draw.erase,
            bytes,
            offset: slot * tensorBytes,
          }),
        signal,
      ),
    ),
  );
  return { made, crc32: combineCrc32(crcs, tensorBytes) };
}
