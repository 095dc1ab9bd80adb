import { Pool } from '../memory/pool.js';
import type { CropTaker } from './backend.js';
import { type CropMemory, cropMemoryBytes, cursorOf, fitsDevice, imagesOfRun } from './crop-memory.js';

/** Bytes of crop memory that are out or kept at most: four runs of the largest. */
export const cropPoolBytes = 4 * 2 ** 25 + 4096;

/**
 * Hands out crop memory, and keeps what comes back for the next batch of the same shape. Once the bound is reached it hands out
 * none, and worker threads resize: a device that falls behind holds no more memory for it.
 */
export function createCropPool(bound: number = cropPoolBytes): Pick<CropTaker, 'take' | 'give'> {
  const pool = new Pool(bound, (bytes) => new SharedArrayBuffer(bytes));
  return {
    take(images, size) {
      if (images === 0 || !fitsDevice(size)) return [];
      const most = imagesOfRun(images, size);
      const runs = Math.ceil(images / most);
      const bytes = cropMemoryBytes(most, size);
      if (pool.takenBytes + runs * bytes > bound) return [];
      return Array.from({ length: runs }, () => {
        const memory: CropMemory = { shared: pool.take(bytes), images: most, size };
        Atomics.store(cursorOf(memory), 0, 0);
        return memory;
      });
    },
    give(memories) {
      for (const { shared } of memories) pool.give(shared);
    },
  };
}
