import type { DrawStep, Geometry } from '../sample/draw.js';
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
  /**
   * @param pixels uint8 RGB, `[n, size, size, 3]`, in shared memory where there are crops; slots of `crops` are written, those
   *   of `parts` changed, and others not touched.
   * @param lent as `room` gave them; a slot's crop lies in the one at `floor(slot / images)`.
   * @param crops what is resized, cut and mirrored first, byte for byte as a worker thread would, where there is `room`.
   */
  apply(
    pixels: Uint8Array,
    size: number,
    parts: readonly Part[],
    lent?: readonly DeviceCrops[],
    crops?: readonly CropPart[],
  ): Promise<void>;
  /**
   * Present where the device resizes as well: then worker threads hand it decoded crops. Samples with a step that is not the
   * device's stay with them, and so do crops that find no room.
   */
  readonly room?: CropRoom;
  close(): Promise<void>;
}

/** Where crops lie that a device resizes. */
export interface CropRoom {
  /**
   * Shared memory for the crops of a batch, one for each of its runs, in order, all for as many images as the first; empty
   * where none is free or the size is beyond a device. `placeCrop` fills it.
   */
  take(images: number, size: number): readonly DeviceCrops[];
  /** Takes memory back that nothing reads or writes any more. */
  give(lent: readonly DeviceCrops[]): void;
}
