import type { Draw } from '../sample/draw.js';

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
  close(): Promise<void>;
}
