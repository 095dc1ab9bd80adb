/** Decoded pixels of a box of an image: uint8 RGB, rows first (HWC). */
export interface Crop {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Bytes from one row to the next, of a box in a larger one's memory; where it is absent, rows lie one behind another. */
  readonly stride?: number;
  /** Leaves the memory of `data` to a later crop of this thread, for those who are done with it. */
  give?(): void;
}

/** Width and height of an image as stored, before any EXIF rotation, which is ignored as Pillow ignores it. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}
