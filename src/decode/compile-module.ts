import { readFileSync } from 'node:fs';
import { TributaryError } from '../errors.js';

/**
 * Compiles a WebAssembly module that the build has put beside the code.
 *
 * @param what the module's name in the error.
 * @throws TributaryError BACKEND_UNAVAILABLE where it has not been built, or SIMD is missing.
 */
export function compileModule(file: URL, what: string): WebAssembly.Module {
  try {
    return new WebAssembly.Module(readFileSync(file));
  } catch (cause) {
    throw new TributaryError('BACKEND_UNAVAILABLE', {
      expected: `the WebAssembly ${what} beside the compiled code`,
      came: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Run `npm run build:wasm`, on a Node whose WebAssembly has SIMD',
      cause,
    });
  }
}
