import type { Crop } from '../decode/crop.js';
import type { Draw, DrawStep } from '../sample/draw.js';
import type { Backend } from './backend.js';
import { applySteps } from './operations/index.js';
import { interleavedBytes, simdImage } from './simd/image.js';
import { type Kernels, openKernels } from './simd/kernels.js';
import { resize } from './simd/resize.js';

/** Above this a module's memory, which can only grow, is given up after the sample and a fresh one taken. */
export const memoryBound = 64 * 1024 * 1024;

/**
 * The kernels of one thread: all that a sample needs between the decoder and the batch, byte for byte as Pillow and
 * torchvision make it. A 20-megapixel crop needs no more memory than its reduced rows, since it passes in strips.
 */
export class SimdKernels {
  #kernels: Kernels;

  private constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** Errors: BACKEND_UNAVAILABLE where the module is not built. */
  static create(): SimdKernels {
    return new SimdKernels(openKernels());
  }

  /** The module's memory at present, in bytes. */
  get memory(): number {
    return this.#kernels.bytes().length;
  }

  /**
   * The whole sample: the crop resized, cut and mirrored, and every step.
   *
   * @param crop the pixels of `draw.geometry.crop`.
   * @param size the side of the result, which is `draw.geometry.window`'s.
   * @param out uint8 `[size, size, 3]`; may be shared memory.
   */
  run(crop: Crop, draw: Draw, size: number, out: Uint8Array): void {
    this.runPrefix(crop, draw, draw.steps.length, size, out);
  }

  /** The same up to step `end`, which and what follows are a backend's. */
  runPrefix(crop: Crop, { geometry, steps }: Draw, end: number, size: number, out: Uint8Array): void {
    this.#start();
    const image = simdImage(this.#kernels, resize(this.#kernels, crop, geometry, size), size);
    applySteps(image, steps.slice(0, end));
    out.set(image.pixels());
  }

  /**
   * Steps alone.
   *
   * @param pixels uint8 `[size, size, 3]`, changed in place; may be shared memory.
   */
  apply(pixels: Uint8Array, size: number, steps: readonly DrawStep[]): void {
    this.#start();
    const address = this.#kernels.allocate(interleavedBytes(size));
    this.#kernels.bytes().set(pixels, address);
    const image = simdImage(this.#kernels, address, size);
    applySteps(image, steps);
    pixels.set(image.pixels());
  }

  #start(): void {
    if (this.memory > memoryBound) this.#kernels = openKernels();
    this.#kernels.reset();
  }
}

/**
 * Every operation on this thread's SIMD kernels.
 *
 * Errors: BACKEND_UNAVAILABLE where the module is not built.
 */
export async function createSimdBackend(): Promise<Backend> {
  const kernels = SimdKernels.create();
  return {
    name: 'simd',
    description: "simd: this project's WebAssembly kernels, 128-bit SIMD, one thread",
    apply: async (pixels, size, parts) => {
      const bytes = interleavedBytes(size);
      for (const { slot, steps } of parts)
        kernels.apply(pixels.subarray(slot * bytes, (slot + 1) * bytes), size, steps);
    },
    close: async () => {},
  };
}
