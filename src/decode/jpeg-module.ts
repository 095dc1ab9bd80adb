import { compileModule } from './compile-module.js';

/** What src/decode/assembly/index.ts exports; addresses, counts and pixels. */
export interface JpegModule {
  readonly memory: WebAssembly.Memory;
  arenaStart(): number;
  clearTables(): void;
  quantTable(slot: number, from: number): void;
  huffmanTable(isAc: boolean, slot: number, from: number): number;
  components(count: number, across: number, down: number, luma: number, cb: number, cr: number): number;
  begin(
    from: number,
    to: number,
    arena: number,
    width: number,
    height: number,
    restartInterval: number,
    left: number,
    top: number,
    right: number,
    bottom: number,
  ): number;
  rows(): number;
  decodeRows(): number;
}

let compiled: WebAssembly.Module | undefined;
let instance: JpegModule | undefined;

/**
 * The thread's JPEG decoder: one WebAssembly instance beside this code.
 *
 * Errors: BACKEND_UNAVAILABLE where the module has not been built, or SIMD is missing.
 */
export function jpegModule(): JpegModule {
  instance ??= instantiate();
  return instance;
}

/** Gives up the instance if its memory is above `bytes`; without them whatever it has, as after a trap. */
export function dropJpegModule(bytes = 0): void {
  if (instance !== undefined && instance.memory.buffer.byteLength > bytes) instance = undefined;
}

function instantiate(): JpegModule {
  compiled ??= compileModule(new URL('jpeg.wasm', import.meta.url), 'decoder');
  return new WebAssembly.Instance(compiled, {}).exports as unknown as JpegModule;
}
