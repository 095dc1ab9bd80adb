import { Worker } from 'node:worker_threads';
import { TributaryError } from '../../errors.js';
import type { Draw } from '../../sample/draw.js';
import type { Backend } from '../backend.js';
import type { GpuMode } from './runner.js';
import type { Reply, Request } from './worker.js';

/** A backend on gpu.js, and whether its device is a program on the CPU. */
export interface GpuBackend extends Backend {
  readonly software: boolean;
}

function unavailable(mode: GpuMode, came: string): TributaryError {
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
 * Pixels in a SharedArrayBuffer are worked on in place; others are copied there and back. An idle backend does not keep the
 * process alive.
 *
 * Errors: BACKEND_UNAVAILABLE where the mode does not run, runs elsewhere, or computes other bytes than it must.
 */
export async function openGpuBackend(mode: GpuMode): Promise<GpuBackend> {
  const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData: mode });
  let waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined;
  let ended: TributaryError | undefined;
  const settle = (use: (one: NonNullable<typeof waiting>) => void) => {
    const one = waiting;
    waiting = undefined;
    thread.unref();
    if (one) use(one);
  };
  const end = (came: string) => {
    ended ??= unavailable(mode, came);
    settle(({ reject }) => reject(ended!));
  };
  thread.on('message', (reply: Reply) =>
    settle(({ resolve, reject }) =>
      reply.kind === 'failed' ? reject(unavailable(mode, reply.reason)) : resolve(reply),
    ),
  );
  thread.on('error', (error) => end(error.message));
  thread.on('exit', (code) => end(`its thread ended with code ${code}`));
  const reply = () =>
    new Promise<Reply>((resolve, reject) => {
      waiting = { resolve, reject };
    });
  const ask = (request: Request): Promise<Reply> => {
    if (ended) return Promise.reject(ended);
    thread.ref();
    thread.postMessage(request);
    return reply();
  };

  const opened = await reply().catch(async (error: unknown) => {
    await thread.terminate();
    throw error;
  });
  if (opened.kind !== 'open') throw new Error(`the thread answered ${opened.kind} before it was open`);
  let staging = new Uint8Array(new SharedArrayBuffer(0));
  let tail: Promise<unknown> = Promise.resolve();

  async function apply(pixels: Uint8Array, size: number, draws: readonly Draw[]): Promise<void> {
    const picked = draws.map(({ jitter, grayscale, blur, solarize }) => ({ jitter, grayscale, blur, solarize }));
    if (pixels.buffer instanceof SharedArrayBuffer) {
      await ask({ kind: 'apply', pixels, size, draws: picked });
      return;
    }
    if (staging.length < pixels.length) staging = new Uint8Array(new SharedArrayBuffer(pixels.length));
    const shared = staging.subarray(0, pixels.length);
    shared.set(pixels);
    await ask({ kind: 'apply', pixels: shared, size, draws: picked });
    pixels.set(shared);
  }

  return {
    name: mode,
    description: opened.description,
    software: opened.software,
    apply(pixels, size, draws) {
      const work = tail.then(() => apply(pixels, size, draws));
      tail = work.catch(() => undefined);
      return work;
    },
    async close() {
      await tail;
      if (ended) return;
      await ask({ kind: 'close' }).catch(() => undefined);
      ended = unavailable(mode, 'a call after it was closed');
      await thread.terminate();
    },
  };
}
