import { compileModule } from '../../decode/compile-module.js';

/** What src/augment/assembly/index.ts exports beside the operations; every argument is an address or a count of bytes or pixels. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  arenaStart(): number;
  toPlanes(from: number, to: number, plane: number, area: number): void;
  fromPlanes(from: number, to: number, plane: number, area: number): void;
  resampleHorizontal(
    from: number,
    fromStride: number,
    to: number,
    toStride: number,
    rows: number,
    width: number,
    bounds: number,
    weights: number,
    pairs: number,
    direction: number,
  ): void;
  resampleVertical(
    from: number,
    fromStride: number,
    first: number,
    to: number,
    toStride: number,
    rows: number,
    bytes: number,
    bounds: number,
    weights: number,
    pairs: number,
    direction: number,
  ): void;
  gatherRow(from: number, to: number, columns: number, width: number): void;
}

/** One instance of the module, with the arena that lies in its memory. */
export interface Kernels {
  readonly run: KernelExports;
  /** The operations' kernels, by name; image.ts says what each kind of them takes. */
  readonly operations: Readonly<Record<string, (...values: number[]) => void>>;
  /** Forgets all that was allocated. */
  reset(): void;
  /** The address of `bytes` more bytes, aligned to 16, with 64 readable and writable bytes behind them. */
  allocate(bytes: number): number;
  /** `data` in the arena. */
  put(data: Int32Array | Int16Array): number;
  /** The whole memory; of no use any more after the next `allocate`. */
  bytes(): Uint8Array;
}

let compiled: WebAssembly.Module | undefined;

/**
 * A fresh instance of the WebAssembly module beside this code. Compiled once in a thread.
 *
 * Errors: BACKEND_UNAVAILABLE where the module has not been built, or SIMD is missing.
 */
export function instantiate(): Kernels {
  compiled ??= compileModule(new URL('../kernels.wasm', import.meta.url), 'kernels');
  const { exports } = new WebAssembly.Instance(compiled, {});
  const run = exports as unknown as KernelExports;
  const start = run.arenaStart();
  let end = start;
  let view = new Uint8Array(run.memory.buffer);
  const allocate = (bytes: number) => {
    const address = end;
    end = address + ((bytes + 64 + 15) & ~15);
    const missing = end - view.length;
    if (missing > 0) {
      run.memory.grow(Math.ceil(missing / 65536));
      view = new Uint8Array(run.memory.buffer);
    }
    return address;
  };
  return {
    run,
    operations: exports as Kernels['operations'],
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
