import { Pool } from '../memory/pool.js';
import type { CropRoom } from './backend.js';
import { cursorOf, type DeviceCrops, deviceCropsBytes, fitsDevice, imagesOfRun } from './device-crops.js';

/** Bytes of device crops that are out or kept at most: four runs of the largest. */
export const cropPoolBytes = 4 * 2 ** 25 + 4096;

/**
 * Hands out device crops, and keeps what comes back for the next batch of the same shape. Once the bound is reached it hands out
 * none, and worker threads resize: a device that falls behind holds no more memory for it.
 */
export function createCropPool(bound: number = cropPoolBytes): CropRoom {
  const pool = new Pool(bound, (bytes) => new SharedArrayBuffer(bytes));
  return {
    take(images, size) {
      if (images === 0 || !fitsDevice(size)) return [];
      const most = imagesOfRun(images, size);
      const runs = Math.ceil(images / most);
      const bytes = deviceCropsBytes(most, size);
      if (pool.takenBytes + runs * bytes > bound) return [];
      return Array.from({ length: runs }, () => {
        const lent: DeviceCrops = { shared: pool.take(bytes), images: most, size };
        Atomics.store(cursorOf(lent), 0, 0);
        return lent;
      });
    },
    give(lent) {
      for (const { shared } of lent) pool.give(shared);
    },
  };
}
