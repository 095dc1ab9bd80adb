/** Decoded pixels of a box of an image: uint8 RGB, rows first (HWC), no padding; `data.length = width * height * 3`. */
export interface Crop {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Width and height of an image as stored, before any EXIF rotation, which is ignored as Pillow ignores it. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}
