import { createRequire } from 'node:module';
import type { GPU, KernelVariable } from 'gpu.js';
import type { GpuMode } from './runner.js';

const require = createRequire(import.meta.url);

/** The parts of gpu.js that a runner needs. */
export interface Library {
  readonly GPU: new (settings: { mode: GpuMode }) => GPU;
  readonly input: (value: Float32Array, size: number[]) => KernelVariable;
}

/** The WebGPU device that gpu.js runs on. */
export interface WebGpu {
  /** Vendor, architecture, device and driver, as the adapter gives them. */
  readonly description: string;
  /** Whether it is a program on the cores and no GPU. */
  readonly isSoftware: boolean;
  /**
   * Awaits `run`, and rejects where the device meanwhile reports an error that it would otherwise answer with zeros. Runs may
   * overlap: the device does not say whose an error is, so it fails all that are under way.
   */
  guard(run: () => Promise<void>): Promise<void>;
}

/** The part of a GPUDevice that tells of errors. */
interface ErrorScopes {
  pushErrorScope(filter: string): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
}

interface Context {
  readonly adapter: { readonly info: Readonly<Record<string, string | boolean>> };
  readonly device: ErrorScopes;
}

const filters = ['out-of-memory', 'internal', 'validation'];

/** Loads gpu.js. For WebGPU, `provideWebGpu` goes first: gpu.js looks for `navigator.gpu` when it is loaded. */
export function loadLibrary(): Library {
  return require('gpu.js') as Library;
}

/** Loads Dawn, the npm package `webgpu`, and makes it this thread's `navigator.gpu`. */
export async function provideWebGpu(): Promise<void> {
  const { create, globals } = (await import('webgpu')) as { create(options: string[]): unknown; globals: object };
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) }, configurable: true });
}

/** The device that gpu.js shares among all its WebGPU kernels; rejects where there is none. */
export async function acquireDevice(): Promise<WebGpu> {
  const { WebGPUContext } = require('gpu.js/src/backend/web-gpu/context.js') as {
    WebGPUContext: { acquire(): Promise<Context> };
  };
  const { info } = (await WebGPUContext.acquire()).adapter;
  const names = ['vendor', 'architecture', 'device', 'description'].map((name) => String(info[name] ?? ''));
  const description = names.filter((name) => name !== '').join(', ');
  return {
    description,
    isSoftware: info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe/i.test(description),
    guard: guardOf(async () => (await WebGPUContext.acquire()).device),
  };
}

/**
 * `WebGpu.guard` on the device that `acquire` gives, which is another after one was lost. Error scopes are a stack, and runs
 * that overlap do not end in the order of a stack; so one set stays open all the time, and is closed and opened anew when a run
 * ends.
 */
function guardOf(acquire: () => Promise<ErrorScopes>): WebGpu['guard'] {
  let open: ErrorScopes | undefined;
  const running = new Set<{ error?: Error }>();
  const push = (device: ErrorScopes) => {
    for (const filter of filters) device.pushErrorScope(filter);
    open = device;
  };
  return async (run) => {
    const device = await acquire();
    if (device !== open) push(device);
    const mine: { error?: Error } = {};
    running.add(mine);
    try {
      await run();
    } finally {
      const affected = [...running];
      const popped = filters.map(() => device.popErrorScope());
      if (device === open) push(device);
      const found = (await Promise.all(popped)).find((one) => one !== null);
      if (found) for (const one of affected) one.error ??= new Error(found.message);
      running.delete(mine);
      // biome-ignore lint/correctness/noUnsafeFinally: what the device reports explains what `run` met
      if (mine.error) throw mine.error;
    }
  };
}
