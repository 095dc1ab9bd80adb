import { loadBytes, storePixels, unpackHigh, unpackLow } from './vectors';

// JPEG's YCbCr to RGB in 2^-16, each factor less the whole number that is added apart, so that it fits 16 bits.
const redOfCr = 91881 - 65536;
const greenOfCb = -22554;
const greenOfCr = 65536 - 46802;
const blueOfCb = 116130 - 131072;

// @ts-ignore: decorator
@inline
function factors(cb: i32, cr: i32): v128 {
  return i32x4.splat((cb & 0xffff) | (cr << 16));
}

// @ts-ignore: decorator
@inline
function weighed(low: v128, high: v128, by: v128): v128 {
  const half = i32x4.splat(32768);
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(low, by), half), 16),
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(high, by), half), 16),
  );
}

/**
 * 16 pixels of luma and of chroma, which is 16-bit and 128 for none, to RGB.
 *
 * Source: libjpeg-turbo jdcolor.c, `build_ycc_rgb_table` and `ycc_rgb_convert`.
 */
// @ts-ignore: decorator
@inline
function toRgb(out: usize, luma: v128, cbLow: v128, cbHigh: v128, crLow: v128, crHigh: v128): void {
  const centre = i16x8.splat(128);
  const cb0 = i16x8.sub(cbLow, centre);
  const cb1 = i16x8.sub(cbHigh, centre);
  const cr0 = i16x8.sub(crLow, centre);
  const cr1 = i16x8.sub(crHigh, centre);
  const low0 = unpackLow(cb0, cr0);
  const high0 = unpackHigh(cb0, cr0);
  const low1 = unpackLow(cb1, cr1);
  const high1 = unpackHigh(cb1, cr1);
  const y0 = i16x8.extend_low_i8x16_u(luma);
  const y1 = i16x8.extend_high_i8x16_u(luma);
  const red = factors(0, redOfCr);
  const green = factors(greenOfCb, greenOfCr);
  const blue = factors(blueOfCb, 0);
  storePixels(
    out,
    i8x16.narrow_i16x8_u(
      i16x8.add(i16x8.add(y0, cr0), weighed(low0, high0, red)),
      i16x8.add(i16x8.add(y1, cr1), weighed(low1, high1, red)),
    ),
    i8x16.narrow_i16x8_u(
      i16x8.add(i16x8.sub(y0, cr0), weighed(low0, high0, green)),
      i16x8.add(i16x8.sub(y1, cr1), weighed(low1, high1, green)),
    ),
    i8x16.narrow_i16x8_u(
      i16x8.add(i16x8.add(y0, i16x8.add(cb0, cb0)), weighed(low0, high0, blue)),
      i16x8.add(i16x8.add(y1, i16x8.add(cb1, cb1)), weighed(low1, high1, blue)),
    ),
  );
}

/** A row of grey pixels to RGB. */
export function greyRow(out: usize, luma: usize, width: i32): void {
  for (let x = 0; x < width; x += 16, luma += 16, out += 48) {
    const y = v128.load(luma);
    storePixels(out, y, y, y);
  }
}

/** A row whose chroma has a sample for every pixel. */
export function fullRow(out: usize, luma: usize, cb: usize, cr: usize, width: i32): void {
  for (let x = 0; x < width; x += 16, luma += 16, cb += 16, cr += 16, out += 48) {
    const blues = v128.load(cb);
    const reds = v128.load(cr);
    toRgb(
      out,
      v128.load(luma),
      i16x8.extend_low_i8x16_u(blues),
      i16x8.extend_high_i8x16_u(blues),
      i16x8.extend_low_i8x16_u(reds),
      i16x8.extend_high_i8x16_u(reds),
    );
  }
}

/**
 * A row whose chroma has a sample for every second pixel of a row. It reads one sample on either side.
 *
 * Source: libjpeg-turbo jdsample.c, `h2v1_fancy_upsample`; its first and last columns follow from samples repeated there.
 */
export function halfRow(out: usize, luma: usize, cb: usize, cr: usize, width: i32): void {
  for (let x = 0; x < width; x += 16, luma += 16, cb += 8, cr += 8, out += 48) doubled(out, luma, cb, cr, 0, false);
}

/**
 * A row whose chroma has a sample for two by two pixels: `near` is the distance to the row of samples that covers it,
 * which `cb` and `cr` are, from the nearest other row.
 *
 * Source: libjpeg-turbo jdsample.c, `h2v2_fancy_upsample`.
 *
 * @param far bytes from a row of samples to the other.
 */
export function quarterRow(out: usize, luma: usize, cb: usize, cr: usize, far: isize, width: i32): void {
  for (let x = 0; x < width; x += 16, luma += 16, cb += 8, cr += 8, out += 48) doubled(out, luma, cb, cr, far, true);
}

// 16 pixels from 8 samples of chroma, each three parts of the nearer one to one of the other; `goesDown` likewise.
// @ts-ignore: decorator
@inline
function doubled(out: usize, luma: usize, cb: usize, cr: usize, far: isize, goesDown: bool): void {
  const blues = three(samples(cb, far, goesDown));
  const reds = three(samples(cr, far, goesDown));
  const evenHalf = i16x8.splat(goesDown ? 8 : 1);
  const oddHalf = i16x8.splat(goesDown ? 7 : 2);
  const bits = goesDown ? 4 : 2;
  const blueEven = i16x8.shr_u(i16x8.add(i16x8.add(blues, samples(cb - 1, far, goesDown)), evenHalf), bits);
  const blueOdd = i16x8.shr_u(i16x8.add(i16x8.add(blues, samples(cb + 1, far, goesDown)), oddHalf), bits);
  const redEven = i16x8.shr_u(i16x8.add(i16x8.add(reds, samples(cr - 1, far, goesDown)), evenHalf), bits);
  const redOdd = i16x8.shr_u(i16x8.add(i16x8.add(reds, samples(cr + 1, far, goesDown)), oddHalf), bits);
  toRgb(
    out,
    v128.load(luma),
    unpackLow(blueEven, blueOdd),
    unpackHigh(blueEven, blueOdd),
    unpackLow(redEven, redOdd),
    unpackHigh(redEven, redOdd),
  );
}

// @ts-ignore: decorator
@inline
function three(x: v128): v128 {
  return i16x8.add(x, i16x8.shl(x, 1));
}

// @ts-ignore: decorator
@inline
function samples(at: usize, far: isize, goesDown: bool): v128 {
  return goesDown ? i16x8.add(three(loadBytes(at)), loadBytes(at + far)) : loadBytes(at);
}
