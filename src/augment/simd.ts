import type { Crop } from '../decode/crop.js';
import type { Draw } from '../sample/draw.js';
import type { Backend } from './backend.js';
import { interleavedBytes, type SimdImage, simdImage } from './simd/image.js';
import { instantiate, type Kernels } from './simd/kernels.js';
import { applyPhotometric, isPhotometric } from './simd/photometric.js';
import { policyKernels } from './simd/policy.js';
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
    return new SimdKernels(instantiate());
  }

  /** The module's memory at present, in bytes. */
  get memory(): number {
    return this.#kernels.run.memory.buffer.byteLength;
  }

  /**
   * The crop resized, cut, mirrored, and changed by the policy.
   *
   * @param crop the pixels of `draw.geometry.crop`.
   * @param size the side of the result, which is `draw.geometry.window`'s.
   * @param out uint8 `[size, size, 3]`; may be shared memory.
   */
  reduce(crop: Crop, draw: Draw, size: number, out: Uint8Array): void {
    this.#start();
    out.set(this.#reduced(crop, draw, size).pixels());
  }

  /**
   * ColorJitter, RandomGrayscale, GaussianBlur and RandomSolarize.
   *
   * @param pixels uint8 `[size, size, 3]`, changed in place; may be shared memory.
   */
  photometric(pixels: Uint8Array, size: number, draw: Draw): void {
    if (!isPhotometric(draw)) return;
    this.#start();
    const address = this.#kernels.allocate(interleavedBytes(size));
    this.#kernels.bytes().set(pixels, address);
    const image = simdImage(this.#kernels, address, size);
    applyPhotometric(image, draw);
    pixels.set(image.pixels());
  }

  /** `reduce` and `photometric` with one copy in and one out. */
  run(crop: Crop, draw: Draw, size: number, out: Uint8Array): void {
    this.#start();
    const image = this.#reduced(crop, draw, size);
    applyPhotometric(image, draw);
    out.set(image.pixels());
  }

  #reduced(crop: Crop, draw: Draw, size: number): SimdImage {
    const image = simdImage(this.#kernels, resize(this.#kernels, crop, draw, size), size);
    for (const { name, magnitude } of draw.policy) {
      policyKernels[name](image, magnitude, draw.geometry.interpolation);
    }
    return image;
  }

  #start(): void {
    if (this.memory > memoryBound) this.#kernels = instantiate();
    this.#kernels.reset();
  }
}

/**
 * The photometric operations on this thread's SIMD kernels.
 *
 * Errors: BACKEND_UNAVAILABLE where the module is not built.
 */
export async function createSimdBackend(): Promise<Backend> {
  const kernels = SimdKernels.create();
  return {
    name: 'simd',
    description: "simd: this project's WebAssembly kernels, 128-bit SIMD, one thread",
    apply: async (pixels, size, draws) => {
      const bytes = interleavedBytes(size);
      for (const [i, draw] of draws.entries())
        kernels.photometric(pixels.subarray(i * bytes, (i + 1) * bytes), size, draw);
    },
    close: async () => {},
  };
}
