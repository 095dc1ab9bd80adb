import { built, type Instance, instantiate } from './instantiate.js';

let instance: Instance | undefined;

/**
 * The thread's own decoder, of JPEG and of PNG's rows: one WebAssembly instance beside this code.
 *
 * Errors: BACKEND_UNAVAILABLE where the module has not been built, or SIMD is missing.
 */
export function decodeModule(): Instance {
  instance ??= instantiate(built('decode/decode'), 'decoder');
  return instance;
}

/** Gives up the instance if its memory is above `bytes`; without them whatever it has, as after a trap. */
export function dropDecodeModule(bytes = 0): void {
  if (instance !== undefined && instance.memory.buffer.byteLength > bytes) instance = undefined;
}
