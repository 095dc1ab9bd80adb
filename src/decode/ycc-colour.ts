/** Red, green and blue of a luminance and two colours of 8 bits. */
export type ToRgb = (y: number, cb: number, cr: number, out: Uint8Array, at: number) => void;

const { fround, trunc } = Math;
const half = 32768;
const clamped = (value: number, least: number, most: number) => (value >= least ? Math.min(value, most) : least);
const fixed = (value: number) => trunc(clamped(value, 0, 2) * 65536 + 0.5);

/** A level's part of the range from `low` to `high`, of which `most` is the whole. */
function coded(level: number, low: number, high: number, most: number): number {
  const [from, to] = [fround(low), fround(high)];
  const value = fround(fround((level - trunc(from)) * most) / (fround(to - from) || 1));
  return trunc(Math.max(-4096, Math.min(4096, value)));
}

/**
 * YCbCr to RGB as libtiff has it, which is another than libjpeg's.
 *
 * Source: libtiff 4.5.0 tif_color.c, `TIFFYCbCrToRGBInit` and `TIFFYCbCrtoRGB`.
 *
 * @param luma parts of red, green and blue in the luminance.
 * @param ranges levels that stand for black and white, of luminance and of both colours.
 * @returns null for values that libtiff refuses.
 */
export function yccToRgb(luma: readonly number[], ranges: readonly number[]): ToRgb | null {
  const [red, green, blue] = luma.map(fround) as [number, number, number];
  if (luma.some(Number.isNaN) || green === 0) return null;
  if (!ranges.every((each) => each > -0x7fffffff + 128 && each < 0x7fffffff)) return null;
  const ofRed = fround(2 - fround(2 * red));
  const ofBlue = fround(2 - fround(2 * blue));
  const redInGreen = -fixed(fround(fround(red * ofRed) / green));
  const blueInGreen = -fixed(fround(fround(blue * ofBlue) / green));
  const levels = Int32Array.from({ length: 256 }, (_, i) => coded(i, ranges[0]!, ranges[1]!, 255));
  const cbs = Int32Array.from({ length: 256 }, (_, i) => coded(i - 128, ranges[2]! - 128, ranges[3]! - 128, 127));
  const crs = Int32Array.from({ length: 256 }, (_, i) => coded(i - 128, ranges[4]! - 128, ranges[5]! - 128, 127));
  const reds = crs.map((cr) => (Math.imul(fixed(ofRed), cr) + half) >> 16);
  const blues = cbs.map((cb) => (Math.imul(fixed(ofBlue), cb) + half) >> 16);
  const level = (value: number) => Math.max(0, Math.min(255, value));
  return (y, cb, cr, out, at) => {
    const base = levels[y]!;
    out[at] = level(base + reds[cr]!);
    out[at + 1] = level(base + ((Math.imul(blueInGreen, cbs[cb]!) + half + Math.imul(redInGreen, crs[cr]!)) >> 16));
    out[at + 2] = level(base + blues[cb]!);
  };
}
