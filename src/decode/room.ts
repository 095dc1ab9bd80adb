import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { decodeTimeout } from './decode-timeout.js';

/** Files that need less are decoded at once: a thread has two at most. */
const smallBytes = 32 * 1024 * 1024;
/** What files that need more may take together in a process, in all its threads. */
export const roomBytes = 1024 * 1024 * 1024;

/** Node has it, and TypeScript's library of 2023 not yet. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(array: Int32Array, index: number, value: number, milliseconds: number): { value: string | Promise<string> };
};

const unit = 1024;
const key = 'tributary: room for decoding';

/**
 * What is left, in units, in memory that a process's threads share. The main thread must import this before it starts threads that
 * decode; a thread without it has a room of its own.
 */
const left = new Int32Array((getEnvironmentData(key) as unknown as SharedArrayBuffer | undefined) ?? fresh());

function fresh(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(4);
  new Int32Array(memory)[0] = roomBytes / unit;
  if (isMainThread) setEnvironmentData(key, memory as unknown as Parameters<typeof setEnvironmentData>[1]);
  return memory;
}

/**
 * Does what takes `bytes` of memory once the process has room for it beside others: small needs at once, one that is larger than
 * all the room when it has the room to itself.
 *
 * @throws TributaryError DECODE_TIMEOUT where there is none within `seconds`.
 */
export async function withRoom<T>(bytes: number, seconds: number, act: () => Promise<T> | T): Promise<T> {
  if (bytes <= smallBytes) return act();
  const units = Math.ceil(Math.min(bytes, roomBytes) / unit);
  const deadline = performance.now() + seconds * 1000;
  for (let now = Atomics.load(left, 0); ; now = Atomics.load(left, 0)) {
    if (now >= units) {
      if (Atomics.compareExchange(left, 0, now, now - units) === now) break;
      continue;
    }
    const wait = deadline - performance.now();
    if (wait <= 0) throw decodeTimeout(seconds, 'one that waited for memory until then');
    // The wait alone would not keep the thread from ending.
    const alive = setInterval(() => {}, 60_000);
    await waitAsync(left, 0, now, wait).value;
    clearInterval(alive);
  }
  try {
    return await act();
  } finally {
    Atomics.add(left, 0, units);
    Atomics.notify(left, 0);
  }
}
