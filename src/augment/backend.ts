import type { DrawStep, Geometry, OperationName } from '../sample/draw.js';
import type { DeviceCrops, PlacedCrop } from './device-crops.js';

/** Where a suffix of a sample's steps runs. `simd` is this project's own WebAssembly; the others are gpu.js's. */
export type BackendName = 'webgpu' | 'webasm' | 'cpu' | 'simd';

/** The steps that a backend runs on one image of a batch, which `splitSteps` has found that it takes. */
export interface Part {
  readonly slot: number;
  readonly steps: readonly DrawStep[];
}

/** The same for an image that the backend resizes first: its whole list of steps, and where its crop lies. */
export interface CropPart extends Part {
  readonly geometry: Geometry;
  readonly placed: PlacedCrop;
}

/** Runs steps over the images of a batch, byte for byte the same on every backend. `close` frees the device. */
export interface Backend {
  readonly name: BackendName;
  /** What really runs, as the device reports it, for the log. */
  readonly description: string;
  /** The operations that it runs. */
  readonly operations: ReadonlySet<OperationName>;
  /**
   * @param pixels uint8 RGB, `[n, size, size, 3]`, changed in place; slots that are not in `parts` are not touched.
   */
  apply(pixels: Uint8Array, size: number, parts: readonly Part[]): Promise<void>;
  /** Present where the device resizes as well: then worker threads hand it decoded crops. */
  readonly crops?: CropTaker;
  close(): Promise<void>;
}

/**
 * The resize, the window and the flips on the device, followed by what `Backend.apply` does, in one run: byte for byte what a
 * worker thread's resize gives. Samples with a step that is not the device's stay with the worker threads, and so do crops
 * that find no room.
 */
export interface CropTaker {
  /**
   * Shared memory for the crops of a batch, one for each of its runs, in order, all for as many images as the first; empty
   * where none is free or the size is beyond a device. `placeCrop` fills it.
   */
  take(images: number, size: number): readonly DeviceCrops[];
  /** Takes memory back that nothing reads or writes any more. */
  give(lent: readonly DeviceCrops[]): void;
  /**
   * @param pixels uint8 RGB, `[n, size, size, 3]`, in shared memory; slots of `crops` are written, those of `parts` changed.
   * @param lent as `take` gave them; a slot's crop lies in the one at `floor(slot / images)`.
   */
  apply(
    pixels: Uint8Array,
    size: number,
    parts: readonly Part[],
    lent: readonly DeviceCrops[],
    crops: readonly CropPart[],
  ): Promise<void>;
}
