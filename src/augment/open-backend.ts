import { applyOnDevice } from './apply-on-device.js';
import type { Backend, BackendName } from './backend.js';
import type { DeviceSource } from './device.js';
import { probeDevice } from './gpu/device-probe.js';
import { openGpuDevice, unavailable } from './gpu/gpu-device.js';

/**
 * Opens a backend. One that is named is proven to run. `auto` runs at once, on the worker threads, and takes a GPU beside them where one
 * answers, for what it makes sooner than they do (allotment.ts). Dawn and gpu.js are loaded only where a choice needs them, and Dawn
 * only where a device has answered.
 *
 * Errors: BACKEND_UNAVAILABLE; never a silent fall-back.
 */
export async function openBackend(choice: 'auto' | BackendName): Promise<Backend> {
  if (choice === 'auto' || choice === 'simd') {
    const { createSimdBackend } = await import('./simd.js');
    const simd = await createSimdBackend();
    return choice === 'simd' ? simd : { ...simd, name: 'auto', device: gpuBesideThreads };
  }
  const open = async () => {
    if (choice === 'webgpu') {
      const found = await probeDevice();
      if ('missing' in found) throw unavailable('webgpu', found.missing);
    }
    return openGpuDevice(choice);
  };
  const first = await open();
  let isGiven = false;
  return {
    name: choice,
    description: first.description,
    device: {
      isForced: true,
      // It may be a software device, or gpu.js in plain JavaScript, and compiles while batches wait.
      patience: 60,
      async open() {
        if (isGiven) return open();
        isGiven = true;
        return first;
      },
    },
    apply: (pixels, size, parts) => applyOnDevice(first, pixels, size, parts),
    close: () => first.close(),
  };
}

const gpuBesideThreads: DeviceSource = {
  isForced: false,
  // So that a batch is there within a second, whatever becomes of the device.
  patience: 0.7,
  async open() {
    const found = await probeDevice();
    // A software device takes the cores that it is to relieve.
    if ('missing' in found || found.isSoftware) return null;
    return openGpuDevice('webgpu');
  },
};
