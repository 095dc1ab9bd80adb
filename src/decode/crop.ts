/** Decoded pixels of a box of an image: uint8 RGB, rows first (HWC), no padding; `data.length = width * height * 3`. */
export interface Crop {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Leaves the memory of `data` to a later crop of this thread, for those who are done with it. */
  give?(): void;
}

/** Width and height of an image as stored, before any EXIF rotation, which is ignored as Pillow ignores it. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}
