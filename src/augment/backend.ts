import type { Draw } from '../sample/draw.js';
import type { CropMemory, PlacedCrop } from './crop-memory.js';

/** Where the photometric operations run. `simd` is this project's own WebAssembly; the others are gpu.js's. */
export type BackendName = 'webgpu' | 'webasm' | 'cpu' | 'simd';

/**
 * Runs ColorJitter, RandomGrayscale, GaussianBlur and RandomSolarize over a batch, byte for byte the same on every
 * backend. One call at a time. `close` frees the device.
 */
export interface Backend {
  readonly name: BackendName;
  /** What really runs, as the device reports it, for the log. */
  readonly description: string;
  /**
   * @param pixels uint8 RGB, `[n, size, size, 3]`, changed in place.
   * @param draws one per image.
   */
  apply(pixels: Uint8Array, size: number, draws: readonly Draw[]): Promise<void>;
  /** Present where the device resizes as well: then worker threads hand it decoded crops. */
  readonly crops?: CropTaker;
  close(): Promise<void>;
}

/**
 * The resize, the window and the flips on the device, followed by what `Backend.apply` does, in one run: byte for byte what a
 * worker thread's resize gives. Samples whose policy has operations stay with the worker threads, and so do crops that find no
 * room.
 */
export interface CropTaker {
  /**
   * Shared memory for the crops of a batch, one for each of its runs, in order, all for as many images as the first; empty
   * where none is free or the size is beyond a device. `placeCrop` fills it.
   */
  take(images: number, size: number): readonly CropMemory[];
  /** Takes memory back that nothing reads or writes any more. */
  give(memories: readonly CropMemory[]): void;
  /**
   * @param pixels uint8 RGB, `[n, size, size, 3]`, in shared memory. Written for samples with a crop, changed in place for
   * those without.
   * @param draws one per image.
   * @param memories as `take` gave them.
   * @param placed one per image: where its crop lies in the memory of its run, or null where its pixels are already resized.
   */
  apply(
    pixels: Uint8Array,
    size: number,
    draws: readonly Draw[],
    memories: readonly CropMemory[],
    placed: readonly (PlacedCrop | null)[],
  ): Promise<void>;
}
