import type { Backend, BackendName } from './backend.js';
import { hasVulkanLoader } from './gpu/device.js';
import { probeDevice } from './gpu/device-probe.js';
import { openGpuBackend, unavailable } from './gpu/gpu-backend.js';

/**
 * Opens a backend and proves that it runs. `auto` is `webgpu` where a GPU answers, else `simd`; a software device is taken
 * only where `webgpu` is asked for by name. The description says what really runs, and for `auto` why it is not a GPU.
 * Dawn and gpu.js are loaded only where a choice needs them, and Dawn only where a device has answered.
 *
 * Errors: BACKEND_UNAVAILABLE; never a silent fall-back.
 */
export async function openBackend(choice: 'auto' | BackendName): Promise<Backend> {
  if (choice === 'simd') return openSimd();
  if (choice === 'webasm' || choice === 'cpu') return openGpuBackend(choice);
  if (choice === 'auto' && !hasVulkanLoader())
    return described(await openSimd(), 'no Vulkan loader, libvulkan.so.1, is installed');
  const device = await probeDevice();
  if ('missing' in device) {
    if (choice === 'webgpu') throw unavailable('webgpu', device.missing);
    return described(await openSimd(), `no WebGPU device answers: ${device.missing}`);
  }
  if (choice === 'auto' && device.software)
    return described(await openSimd(), `the WebGPU device is software: ${device.description}`);
  return openGpuBackend('webgpu');
}

async function openSimd(): Promise<Backend> {
  const { createSimdBackend } = await import('./simd.js');
  return createSimdBackend();
}

function described(backend: Backend, why: string): Backend {
  return {
    name: backend.name,
    description: `${backend.description} (auto: ${why})`,
    operations: backend.operations,
    apply: (pixels, size, parts) => backend.apply(pixels, size, parts),
    ...(backend.crops ? { crops: backend.crops } : {}),
    close: () => backend.close(),
  };
}
