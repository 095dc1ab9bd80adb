import { loadBytes, storePixels, unpackHigh, unpackLow } from './vectors';

// JPEG's YCbCr to RGB in 2^-16, each factor less the whole number that is added apart, so that it fits 16 bits. Those that stand alone are
// in 2^-15, where a product is one instruction; red's is odd, and half a unit less changes no level of chroma's 256.
const redOfCr = <i16>((91881 - 65536) / 2);
const greenOfCb = -22554;
const greenOfCr = 65536 - 46802;
const blueOfCb = <i16>((116130 - 131072) / 2);

// @ts-ignore: decorator
@inline
function greenOf(pairs: v128): v128 {
  const factors = i32x4.splat((greenOfCb & 0xffff) | (greenOfCr << 16));
  return i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(pairs, factors), i32x4.splat(32768)), 16);
}

/**
 * 16 pixels of luma and of chroma, which is 16-bit and 0 for none, to RGB.
 *
 * Source: libjpeg-turbo jdcolor.c, `build_ycc_rgb_table` and `ycc_rgb_convert`.
 */
// @ts-ignore: decorator
@inline
function toRgb(out: usize, luma: v128, cb0: v128, cb1: v128, cr0: v128, cr1: v128): void {
  const y0 = i16x8.extend_low_i8x16_u(luma);
  const y1 = i16x8.extend_high_i8x16_u(luma);
  const red = i16x8.splat(redOfCr);
  const blue = i16x8.splat(blueOfCb);
  const green0 = i16x8.narrow_i32x4_s(greenOf(unpackLow(cb0, cr0)), greenOf(unpackHigh(cb0, cr0)));
  const green1 = i16x8.narrow_i32x4_s(greenOf(unpackLow(cb1, cr1)), greenOf(unpackHigh(cb1, cr1)));
  storePixels(
    out,
    i8x16.narrow_i16x8_u(
      i16x8.add(i16x8.add(y0, cr0), i16x8.q15mulr_sat_s(cr0, red)),
      i16x8.add(i16x8.add(y1, cr1), i16x8.q15mulr_sat_s(cr1, red)),
    ),
    i8x16.narrow_i16x8_u(i16x8.add(i16x8.sub(y0, cr0), green0), i16x8.add(i16x8.sub(y1, cr1), green1)),
    i8x16.narrow_i16x8_u(
      i16x8.add(i16x8.add(y0, i16x8.add(cb0, cb0)), i16x8.q15mulr_sat_s(cb0, blue)),
      i16x8.add(i16x8.add(y1, i16x8.add(cb1, cb1)), i16x8.q15mulr_sat_s(cb1, blue)),
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
    const centre = i8x16.splat(-128);
    const blues = v128.xor(v128.load(cb), centre);
    const reds = v128.xor(v128.load(cr), centre);
    toRgb(
      out,
      v128.load(luma),
      i16x8.extend_low_i8x16_s(blues),
      i16x8.extend_high_i8x16_s(blues),
      i16x8.extend_low_i8x16_s(reds),
      i16x8.extend_high_i8x16_s(reds),
    );
  }
}

/**
 * A row whose chroma has a sample for every second pixel of a row. It reads one sample on either side.
 *
 * Source: libjpeg-turbo jdsample.c, `h2v1_fancy_upsample`; its first and last columns follow from samples repeated there.
 */
export function halfRow(out: usize, luma: usize, cb: usize, cr: usize, width: i32): void {
  doubledRow(out, luma, cb, cr, 0, width, false);
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
  doubledRow(out, luma, cb, cr, far, width, true);
}

// 16 pixels at a time from 8 samples of chroma, each three parts of the nearer one to one of the other; `goesDown` likewise.
// @ts-ignore: decorator
@inline
function doubledRow(out: usize, luma: usize, cb: usize, cr: usize, far: isize, width: i32, goesDown: bool): void {
  const evenHalf = i16x8.splat(goesDown ? 8 : 1);
  const oddHalf = i16x8.splat(goesDown ? 7 : 2);
  const bits = goesDown ? 4 : 2;
  // The sample before the first is the last of eight.
  let blueBefore = samples(cb - 8, far, goesDown);
  let redBefore = samples(cr - 8, far, goesDown);
  let blues = samples(cb, far, goesDown);
  let reds = samples(cr, far, goesDown);
  for (let x = 0; x < width; x += 16) {
    cb += 8;
    cr += 8;
    const blueAfter = samples(cb, far, goesDown);
    const redAfter = samples(cr, far, goesDown);
    const blueNear = i16x8.add(blues, i16x8.shl(blues, 1));
    const redNear = i16x8.add(reds, i16x8.shl(reds, 1));
    const blueEven = i16x8.shr_s(i16x8.add(i16x8.add(blueNear, before(blueBefore, blues)), evenHalf), bits);
    const blueOdd = i16x8.shr_s(i16x8.add(i16x8.add(blueNear, after(blues, blueAfter)), oddHalf), bits);
    const redEven = i16x8.shr_s(i16x8.add(i16x8.add(redNear, before(redBefore, reds)), evenHalf), bits);
    const redOdd = i16x8.shr_s(i16x8.add(i16x8.add(redNear, after(reds, redAfter)), oddHalf), bits);
    toRgb(
      out,
      v128.load(luma),
      unpackLow(blueEven, blueOdd),
      unpackHigh(blueEven, blueOdd),
      unpackLow(redEven, redOdd),
      unpackHigh(redEven, redOdd),
    );
    blueBefore = blues;
    redBefore = reds;
    blues = blueAfter;
    reds = redAfter;
    luma += 16;
    out += 48;
  }
}

// @ts-ignore: decorator
@inline
function before(eight: v128, next: v128): v128 {
  return i16x8.shuffle(eight, next, 7, 8, 9, 10, 11, 12, 13, 14);
}

// @ts-ignore: decorator
@inline
function after(eight: v128, next: v128): v128 {
  return i16x8.shuffle(eight, next, 1, 2, 3, 4, 5, 6, 7, 8);
}

// Eight samples, 0 for none, times four where another row has a part in them.
// @ts-ignore: decorator
@inline
function samples(at: usize, far: isize, goesDown: bool): v128 {
  const near = i16x8.sub(loadBytes(at), i16x8.splat(128));
  if (!goesDown) return near;
  return i16x8.add(i16x8.add(near, i16x8.shl(near, 1)), i16x8.sub(loadBytes(at + far), i16x8.splat(128)));
}
