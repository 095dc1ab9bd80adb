import type { CropTaker } from './backend.js';
import {
  type CropMemory,
  createCropMemory,
  cropMemoryBytes,
  cursorOf,
  fitsDevice,
  imagesOfRun,
} from './crop-memory.js';

/** Bytes of crop memory that are out or kept at most: four runs of the largest. */
export const cropPoolBytes = 4 * 2 ** 25 + 4096;

/**
 * Hands out crop memory, and keeps what comes back for the next batch of the same shape. Once the bound is reached it hands out
 * none, and worker threads resize: a device that falls behind holds no more memory for it.
 */
export function createCropPool(bound: number = cropPoolBytes): Pick<CropTaker, 'take' | 'giveBack'> {
  let spare: CropMemory[] = [];
  let held = 0;
  const dropSpare = () => {
    for (const { shared } of spare) held -= shared.byteLength;
    spare = [];
  };
  const takeOne = (images: number, size: number): CropMemory | null => {
    const at = spare.findIndex((memory) => memory.images === images && memory.size === size);
    if (at >= 0) return spare.splice(at, 1)[0]!;
    const bytes = cropMemoryBytes(images, size);
    if (held + bytes > bound) dropSpare();
    if (held + bytes > bound) return null;
    const memory = createCropMemory(images, size);
    held += bytes;
    return memory;
  };
  const giveBack = (memories: readonly CropMemory[]) => {
    spare.push(...memories);
  };
  return {
    take(images, size) {
      if (images === 0 || !fitsDevice(size)) return [];
      const most = imagesOfRun(images, size);
      const taken: CropMemory[] = [];
      for (let first = 0; first < images; first += most) {
        const memory = takeOne(most, size);
        if (memory === null) {
          giveBack(taken);
          return [];
        }
        Atomics.store(cursorOf(memory), 0, 0);
        taken.push(memory);
      }
      return taken;
    },
    giveBack,
  };
}
