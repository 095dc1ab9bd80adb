import type { DrawStep } from '../sample/draw.js';
import type { DeviceSource } from './device.js';

/** Where a suffix of a sample's steps runs. `simd` is this project's own WebAssembly; the others are gpu.js's. */
export type BackendName = 'webgpu' | 'webasm' | 'cpu' | 'simd';

/** The steps that a backend runs on one image, which `splitSteps` has found that it takes. */
export interface Part {
  readonly slot: number;
  readonly steps: readonly DrawStep[];
}

/** What runs steps, byte for byte the same whichever it is. */
export interface Backend {
  readonly name: 'auto' | BackendName;
  /** What really runs, as the device reports it, for the log. */
  readonly description: string;
  /** The device that batches are made with, beside the worker threads; absent where they make them alone. */
  readonly device?: DeviceSource;
  /**
   * Runs steps over some images on the calling thread and the device alone.
   *
   * @param pixels uint8 RGB, `[n, size, size, 3]`; slots of `parts` are changed, others not touched.
   */
  apply(pixels: Uint8Array, size: number, parts: readonly Part[]): Promise<void>;
  close(): Promise<void>;
}
