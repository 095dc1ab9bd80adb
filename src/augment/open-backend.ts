import type { Backend, BackendName } from './backend.js';
import { probeDevice } from './gpu/device-probe.js';
import { openGpuBackend, unavailable } from './gpu/gpu-backend.js';

/**
 * Opens a backend and proves that it runs. `auto` is `simd`, GPU or not: with the 16 cores beside an H200, the worker threads
 * make three times as many images of dinov3 as a device's one thread can pass to it and back (docs/backends.md). Dawn and
 * gpu.js are loaded only where a choice needs them, and Dawn only where a device has answered.
 *
 * Errors: BACKEND_UNAVAILABLE; never a silent fall-back.
 */
export async function openBackend(choice: 'auto' | BackendName): Promise<Backend> {
  if (choice === 'auto' || choice === 'simd') {
    const { createSimdBackend } = await import('./simd.js');
    return createSimdBackend();
  }
  if (choice === 'webgpu') {
    const device = await probeDevice();
    if ('missing' in device) throw unavailable('webgpu', device.missing);
  }
  return openGpuBackend(choice);
}
