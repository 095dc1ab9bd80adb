import { built, type Instance, instantiate } from '../../decode/instantiate.js';

/** One instance of the module, with the arena that lies in its memory. */
export interface Kernels {
  readonly run: Instance['run'];
  /** Forgets all that was allocated, but for what is held. */
  reset(): void;
  /** Keeps a copy of `data` beyond `reset`, with `slack` readable bytes behind it, until `release`; forgets all else. */
  hold(data: Uint8Array, slack: number): void;
  release(): void;
  /** Where bytes that `data` shares with what is held lie in the arena; null where they are not held. */
  addressOf(data: Uint8Array): number | null;
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
  const { memory, run } = instantiate(built('augment/kernels'), 'kernels');
  const start = run.arenaStart!();
  let held: { readonly data: Uint8Array; readonly end: number } | null = null;
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
      end = held?.end ?? start;
    },
    hold: (data, slack) => {
      end = start;
      const address = allocate(data.length + slack);
      view.set(data, address);
      held = { data, end };
    },
    release: () => {
      held = null;
    },
    addressOf: ({ buffer, byteOffset }) => {
      if (held === null || buffer !== held.data.buffer) return null;
      const from = byteOffset - held.data.byteOffset;
      return from >= 0 && from < held.data.length ? start + from : null;
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
