import type { Crop } from '../decode/crop.js';
import { strideOf } from '../decode/cut-crop.js';
import type { Draw, DrawStep } from '../sample/draw.js';
import type { Backend } from './backend.js';
import { applySteps } from './operations/index.js';
import { interleavedBytes, type SimdImage, simdImage } from './simd/image.js';
import { type Kernels, openKernels } from './simd/kernels.js';
import { packCrop, packImage, unpackCrop, unpackImage } from './simd/packed.js';
import { resize } from './simd/resize.js';
import { applyToWhole } from './simd/whole-image.js';

/** What of a draw decides pixels. */
export type Reduced = Pick<Draw, 'geometry' | 'steps'>;

/** Above this a module's memory, which can only grow, is given up after the sample and a fresh one taken. */
export const memoryBound = 64 * 1024 * 1024;
/** What several views are cut from is held in that memory up to so many bytes; what is larger enters it in strips, for each view. */
const mostHeld = 8 * 1024 * 1024;
/** Rows that the kernels read past the last: they take four at a time. */
const rowsPast = 4;

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
   * @param out uint8 `[side, side, 3]`, the side being that of the window or of the last resize among the steps; may be shared memory.
   */
  run(crop: Crop, draw: Reduced, out: Uint8Array): void {
    this.runPrefix(crop, draw, draw.steps.length, out);
  }

  /** The same up to step `end`, which and what follows are a backend's. */
  runPrefix(crop: Crop, draw: Reduced, end: number, out: Uint8Array): void {
    out.set(this.#prefix(crop, draw, end).pixels());
  }

  /** Holds a crop in the kernels' memory while `act` runs views that are boxes of it, so that it is copied there once. */
  holding<T>(crop: Crop, act: () => T): T {
    if (crop.data.length > mostHeld) return act();
    this.#start();
    this.#kernels.hold(crop.data, rowsPast * strideOf(crop));
    try {
      return act();
    } finally {
      this.#kernels.release();
    }
  }

  /**
   * The same, packed for a device that runs the rest.
   *
   * @param target float32 `[size, columnsOf(size)]`; may be shared memory.
   */
  packPrefix(crop: Crop, draw: Reduced, end: number, size: number, target: Float32Array): void {
    packImage(this.#kernels, this.#prefix(crop, draw, end).pixels().byteOffset, size, target);
  }

  /** Packs pixels as they are: uint8 `[size, size, 3]`. */
  pack(pixels: Uint8Array, size: number, target: Float32Array): void {
    this.#start();
    const address = this.#kernels.allocate(interleavedBytes(size));
    this.#kernels.bytes().set(pixels, address);
    packImage(this.#kernels, address, size, target);
  }

  /** Packs a crop for a device that resizes it; `target` has as many pixels. */
  packCrop(crop: Crop, target: Float32Array): void {
    this.#start();
    packCrop(this.#kernels, crop, target);
  }

  /** The inverse of `packCrop`: the crop's bytes. */
  unpackCrop(packed: Float32Array): Uint8Array {
    this.#start();
    return unpackCrop(this.#kernels, packed);
  }

  /**
   * From packed pixels on, as `packPrefix` or a device has left them.
   *
   * @param steps what is still to be done.
   * @param out uint8 `[size, size, 3]`; may be shared memory.
   */
  finishPacked(packed: Float32Array, size: number, steps: readonly DrawStep[], out: Uint8Array): void {
    this.#start();
    const image = simdImage(this.#kernels, unpackImage(this.#kernels, packed, size), size);
    applySteps(image, steps);
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

  /** Steps over a whole image in place, as `applyToWhole`. */
  applyToWhole(image: Crop, steps: readonly DrawStep[]): void {
    if (steps.length === 0) return;
    this.#start();
    applyToWhole(this.#kernels, image, steps);
  }

  #prefix(crop: Crop, { geometry, steps }: Reduced, end: number): SimdImage {
    this.#start();
    const side = geometry.window.width;
    const image = simdImage(this.#kernels, resize(this.#kernels, crop, geometry, side), side);
    applySteps(image, steps.slice(0, end));
    return image;
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
