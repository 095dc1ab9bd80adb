import { readFileSync } from 'node:fs';
import { TributaryError } from '../errors.js';

/** An instance of a WebAssembly module. */
export interface Instance {
  readonly memory: WebAssembly.Memory;
  /** What its `assembly/index.ts` exports, by name: each takes addresses, counts of bytes or pixels, flags and factors. */
  readonly run: Readonly<Record<string, (...values: number[]) => number>>;
}

/** Where the build has put a WebAssembly module, by its room and name. */
export function built(path: string): URL {
  return new URL(`../${path}.wasm`, import.meta.url);
}

/** By address. */
const compiled = new Map<string, WebAssembly.Module>();

/**
 * A fresh instance of a WebAssembly module that the build has put beside the code. Compiled once in a thread.
 *
 * @param what the module's name in the error.
 * @throws TributaryError BACKEND_UNAVAILABLE where it has not been built, or SIMD is missing.
 */
export function instantiate(file: URL, what: string): Instance {
  try {
    const module = compiled.get(file.href) ?? new WebAssembly.Module(readFileSync(file));
    compiled.set(file.href, module);
    const run = new WebAssembly.Instance(module, {}).exports;
    return { memory: run.memory as WebAssembly.Memory, run: run as Instance['run'] };
  } catch (cause) {
    throw new TributaryError('BACKEND_UNAVAILABLE', {
      expected: `the WebAssembly ${what} beside the compiled code`,
      came: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Run `npm run build:wasm`, on a Node whose WebAssembly has SIMD',
      cause,
    });
  }
}
