/** What a file may ask of the decoder. Beyond `pixels` or `bytes` a sample is corrupt; `seconds` is no verdict on it. */
export interface Limits {
  /** Width times height. */
  readonly pixels: number;
  /** Size of the encoded file, in bytes. */
  readonly bytes: number;
  /** Time of one decode, in seconds. */
  readonly seconds: number;
}

/** The limits where the config gives none: Pillow's own number of pixels (Image.py, `_decompression_bomb_check`), 64 MiB, 30 s. */
export const defaultLimits: Limits = { pixels: 178_956_970, bytes: 64 * 1024 * 1024, seconds: 30 };
