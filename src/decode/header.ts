import type { Limits } from '../run/limits.js';
import type { Box } from '../sample/draw.js';
import type { Crop, ImageSize } from './crop.js';
import type { Orientation } from './orientation.js';

/** Gives what is kept of positions in a file, good until the next file's are asked for; null where nothing is. */
export type KeptPositions = () => Uint8Array | null;

/** What the first bytes of a file say about it, and how it is decoded. */
export interface Header extends ImageSize {
  /** Whether damage can lie where a box does not reach: then the loader decodes all of the file, whatever the box. */
  readonly decodesAll?: boolean;
  /** Pixels of a part that is decoded whole, where it can be larger than the image. */
  readonly mostPixels?: number;
  /** Bytes that decoding takes at most, beside the file and the crop. */
  readonly memory: number;
  /** Coefficients that a JPEG's scans go through, one scan after the other, before there is a row. */
  readonly coefficients?: number;
  /** Whether the pixels are inks: a JPEG or TIFF of four channels. */
  readonly isCmyk?: boolean;
  /** The bytes that the loader decodes in the file's place, where its own reading would be another than Pillow's. Throws DECODE_TIMEOUT. */
  rewrite?(bytes: Buffer, limits: Limits): Buffer | null;
  /** How what the loader decodes is turned to be seen. The header's size is that of the image as it is seen. */
  readonly orientation?: Orientation;
  /**
   * Decodes a box of the same bytes as Pillow does; null where that is the loader's to do, and absent where it always is. Throws
   * SAMPLE_CORRUPT where Pillow would refuse the file, whatever the box, and DECODE_TIMEOUT beyond `limits.seconds`. `positions` gives what is
   * kept of positions in the file, or null; it changes no pixel.
   */
  decode?(bytes: Buffer, box: Box, limits: Limits, positions?: KeptPositions): Crop | null | Promise<Crop | null>;
}

/** One format of the allow-list. */
export interface Format {
  readonly name: string;
  /** The operation of libvips for it, if there is one, which thumbnails need even where it does not decode samples. */
  readonly loader?: string;
  /** Whether the bytes start as this format does. */
  matches(bytes: Buffer): boolean;
  /**
   * Reads the header, or yields null where there is none.
   *
   * @param check a look at the clock, to be taken now and then.
   * @throws TributaryError SAMPLE_CORRUPT where the bytes show already that Pillow refuses the file.
   */
  read(bytes: Buffer, check: () => void): Header | null;
}
