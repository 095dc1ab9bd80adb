import { Worker } from 'node:worker_threads';
import PQueue from 'p-queue';
import { TributaryError } from '../../errors.js';
import type { Backend } from '../backend.js';
import { createCropPool } from '../crop-pool.js';
import type { Reply, Request, Start } from './device-worker.js';
import type { GpuMode } from './runner.js';

/** How a backend on gpu.js is opened. */
export interface GpuOptions {
  /**
   * Whether it resizes as well. As a rule `webgpu` does: a GPU has the taps for nothing, while gpu.js on a CPU takes several
   * times what the worker threads' own resize does.
   */
  readonly crops?: boolean;
}

/** BACKEND_UNAVAILABLE for a mode of gpu.js, and what came instead of it. */
export function unavailable(mode: GpuMode, came: string): TributaryError {
  return new TributaryError('BACKEND_UNAVAILABLE', {
    expected: `the backend ${mode} to run`,
    came,
    remedy:
      mode === 'webgpu'
        ? 'Install a Vulkan driver for the device, or choose the backend simd, which gives the same bytes'
        : 'Choose the backend simd, which gives the same bytes',
    metadata: { backend: mode },
  });
}

/**
 * Opens gpu.js in a thread of its own: compiling, packing and plain JavaScript never hold up the caller's event loop,
 * `navigator` is that thread's alone, and what gpu.js prints goes into its error instead of the console.
 * Pixels in a SharedArrayBuffer are worked on in place; others are copied there and back. Calls beyond those that the mode
 * overlaps wait for their turn. An idle backend does not keep the process alive.
 *
 * Errors: BACKEND_UNAVAILABLE where the mode does not run, runs elsewhere, or computes other bytes than it must.
 */
export async function openGpuBackend(mode: GpuMode, options: GpuOptions = {}): Promise<Backend> {
  const resizes = options.crops ?? mode === 'webgpu';
  const start: Start = { mode, crops: resizes };
  const thread = new Worker(new URL('./device-worker.js', import.meta.url), { workerData: start });
  const waiting = new Map<number, { resolve(reply: Reply): void; reject(error: Error): void }>();
  let asked = 0;
  let ended: TributaryError | undefined;
  const take = (id: number) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) thread.unref();
    return one;
  };
  const end = (came: string) => {
    ended ??= unavailable(mode, came);
    for (const id of [...waiting.keys()]) take(id)?.reject(ended);
  };
  thread.on('message', (reply: Reply) => {
    const one = take(reply.id);
    if (reply.kind === 'failed') one?.reject(unavailable(mode, reply.reason));
    else one?.resolve(reply);
  });
  thread.on('error', (error) => end(error.message));
  thread.on('exit', (code) => end(`its thread ended with code ${code}`));
  const reply = (id: number) => new Promise<Reply>((resolve, reject) => waiting.set(id, { resolve, reject }));
  const ask = (request: (id: number) => Request): Promise<Reply> => {
    if (ended) return Promise.reject(ended);
    thread.ref();
    asked++;
    thread.postMessage(request(asked));
    return reply(asked);
  };

  const opened = await reply(0).catch(async (error: unknown) => {
    await thread.terminate();
    throw error;
  });
  if (opened.kind !== 'open') throw new Error(`the thread answered ${opened.kind} before it was open`);
  const turns = new PQueue({ concurrency: opened.tracks });
  return {
    name: mode,
    description: opened.description,
    async apply(pixels, size, parts, lent = [], crops = []) {
      if (parts.length + crops.length === 0) return;
      const shared = pixels.buffer instanceof SharedArrayBuffer;
      const bytes = shared ? pixels : new Uint8Array(new SharedArrayBuffer(pixels.length));
      await turns.add(async () => {
        if (!shared) bytes.set(pixels);
        await ask((id) => ({ kind: 'apply', id, pixels: bytes, size, parts, lent, crops }));
        if (!shared) pixels.set(bytes);
      });
    },
    ...(resizes ? { room: createCropPool() } : {}),
    async close() {
      await turns.onIdle();
      if (ended) return;
      await ask((id) => ({ kind: 'close', id })).catch(() => undefined);
      ended = unavailable(mode, 'a call after it was closed');
      await thread.terminate();
    },
  };
}
