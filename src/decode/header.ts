import type { Limits } from '../run/limits.js';
import type { Box } from '../sample/draw.js';
import type { Crop, ImageSize } from './crop.js';

/** What the first bytes of a file say about it, and whether its structure is whole. */
export interface Header extends ImageSize {
  /**
   * Whether the file closes as its format demands. Where it does not, only decoding all of it shows what Pillow would
   * say, whatever the box.
   */
  readonly complete: boolean;
  /** Whether the pixels are inks: a JPEG of four channels. */
  readonly isCmyk: boolean;
  /**
   * Decodes a box, which is not empty, of the same bytes, which are complete, to what the loader would make of it; null where
   * that is the loader's to do, and absent where it always is. Throws DECODE_TIMEOUT beyond `limits.seconds`.
   */
  decode?(bytes: Buffer, box: Box, limits: Limits): Crop | null;
}

/** One format of the allow-list. */
export interface Format {
  readonly name: string;
  /** The operation of libvips that decodes it; every other loader is blocked. */
  readonly loader: string;
  /** Whether the bytes start as this format does. */
  matches(bytes: Buffer): boolean;
  /** Reads the header, or yields null where there is none. Never throws. */
  read(bytes: Buffer): Header | null;
}
