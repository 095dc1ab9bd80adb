import { Worker } from 'node:worker_threads';
import { TributaryError } from '../../errors.js';
import type { Device } from '../device.js';
import type { Reply, Request, Start } from './device-worker.js';
import type { GpuMode } from './runner.js';

/** How a device is opened. */
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
 * Opens gpu.js in a thread of its own, whose `navigator` is its own and where what gpu.js prints goes into its error instead of
 * the console. An idle device does not keep the process alive.
 *
 * @throws TributaryError BACKEND_UNAVAILABLE where the mode does not run, runs elsewhere, or computes other bytes than it must.
 */
export async function openGpuDevice(mode: GpuMode, options: GpuOptions = {}): Promise<Device> {
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
  const kill = async () => {
    end('a call after it was closed');
    await thread.terminate();
  };

  const opened = await reply(0).catch(async (error: unknown) => {
    await thread.terminate();
    throw error;
  });
  if (opened.kind !== 'open') throw new Error(`the thread answered ${opened.kind} before it was open`);
  return {
    name: mode,
    description: opened.description,
    lanes: opened.lanes,
    resizes,
    async run(cargo, work) {
      const done = await ask((id) => ({ kind: 'run', id, cargo, work }));
      if (done.kind !== 'done') throw new Error(`the thread answered ${done.kind} to a cargo`);
      return done.cost;
    },
    async prepare(size) {
      const prepared = await ask((id) => ({ kind: 'prepare', id, size }));
      if (prepared.kind !== 'prepared')
        throw new Error(`the thread answered ${prepared.kind} where it was to get ready`);
      return prepared.seconds;
    },
    kill,
    async close() {
      if (ended) return;
      // It closes when its cargos are done.
      await ask((id) => ({ kind: 'close', id })).catch(() => undefined);
      await kill();
    },
  };
}
