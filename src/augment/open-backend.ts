import { TributaryError } from '../errors.js';
import type { Backend, BackendName } from './backend.js';
import { hasVulkanLoader } from './gpu/device.js';
import { openGpuBackend } from './gpu/gpu-backend.js';

/** The names that `openBackend` takes. */
export const backendChoices = ['auto', 'webgpu', 'webasm', 'cpu', 'simd'] as const satisfies readonly (
  | 'auto'
  | BackendName
)[];

/**
 * Opens a backend and proves that it runs. `auto` is `webgpu` where a GPU answers, else `simd`; a software device is taken
 * only where `webgpu` is asked for by name. The description says what really runs, and for `auto` why it is not a GPU.
 * Dawn and gpu.js are loaded only where a choice needs them.
 *
 * Errors: BACKEND_UNAVAILABLE; never a silent fall-back.
 */
export async function openBackend(choice: 'auto' | BackendName): Promise<Backend> {
  if (choice === 'simd') return openSimd();
  if (choice !== 'auto') return openGpuBackend(choice);
  if (!hasVulkanLoader()) return described(await openSimd(), 'no Vulkan loader, libvulkan.so.1, is installed');
  const gpu = await openGpuBackend('webgpu').catch((error: unknown) => {
    if (error instanceof TributaryError && error.reason === 'BACKEND_UNAVAILABLE') return error;
    throw error;
  });
  if (!(gpu instanceof TributaryError) && !gpu.software) return gpu;
  const simd = await openSimd();
  if (gpu instanceof TributaryError) return described(simd, 'no WebGPU device answers');
  await gpu.close();
  return described(simd, `the WebGPU device is software: ${gpu.description}`);
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
