/** What the header of a PPM file says. Source: Pillow 9.4 PpmImagePlugin.py, `_open`. */
export interface Pixmap {
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel. */
  readonly bands: 1 | 3;
  /** The largest sample; null where a sample is a bit, of which 1 is black. */
  readonly most: number | null;
  /** Whether samples are written as text. */
  readonly isPlain: boolean;
  /** Where the pixels begin. */
  readonly data: number;
}

/** Digits that a number of the header, and of a plain file, has at the most. */
export const mostDigits = 10;

/** A number as Python's `int` reads one; null where it reads none. */
export function integerOf(token: string): number | null {
  return /^[+-]?\d+(_\d+)*$/.test(token) ? Number(token.replaceAll('_', '')) : null;
}

/**
 * The level of a sample: where the largest is not 255, a share of 255, or of 65,535 for grey beyond 8 bits, rounded as Python's
 * `round` does; then clipped at 255.
 */
export function levelOf(value: number, most: number, bands: 1 | 3): number {
  const full = bands === 1 && most > 255 ? 65_535 : 255;
  return most === full ? value : roundHalfEven((value / most) * full);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
