import type { CargoCost, Device } from '../../src/augment/device.js';

export const noCost: CargoCost = { thread: 0, copying: 0, calling: 0 };

/** A device that does nothing, as fast as can be, with what a test wants of it. */
export function plantedDevice(more: Partial<Device> = {}): Device {
  return {
    name: 'webgpu',
    description: 'planted',
    lanes: 2,
    resizes: true,
    run: async () => noCost,
    prepare: async () => ({ images: 1, crops: 2 }),
    close: async () => {},
    kill: async () => {},
    ...more,
  };
}
