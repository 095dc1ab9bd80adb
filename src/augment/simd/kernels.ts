import { type Instance, instantiate } from '../../decode/instantiate.js';

/** One instance of the module, with the arena that lies in its memory. */
export interface Kernels {
  readonly run: Instance['run'];
  /** Forgets all that was allocated. */
  reset(): void;
  /** The address of `bytes` more bytes, aligned to 16, with 64 readable and writable bytes behind them. */
  allocate(bytes: number): number;
  /** `data` in the arena. */
  put(data: Int32Array | Int16Array): number;
  /** The whole memory; of no use any more after the next `allocate`. */
  bytes(): Uint8Array;
}

/**
 * A fresh instance of the WebAssembly module beside this code, with an arena.
 *
 * Errors: BACKEND_UNAVAILABLE where the module has not been built, or SIMD is missing.
 */
export function openKernels(): Kernels {
  const { memory, run } = instantiate(new URL('../kernels.wasm', import.meta.url), 'kernels');
  const start = run.arenaStart!();
  let end = start;
  let view = new Uint8Array(memory.buffer);
  const allocate = (bytes: number) => {
    const address = end;
    end = address + ((bytes + 64 + 15) & ~15);
    const missing = end - view.length;
    if (missing > 0) {
      memory.grow(Math.ceil(missing / 65536));
      view = new Uint8Array(memory.buffer);
    }
    return address;
  };
  return {
    run,
    reset: () => {
      end = start;
    },
    allocate,
    put: (data) => {
      const address = allocate(data.byteLength);
      view.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), address);
      return address;
    },
    bytes: () => view,
  };
}
