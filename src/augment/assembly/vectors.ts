import { held, loadBytes, unpackHigh, unpackLow } from '../../decode/assembly/vectors';

export { held, loadBytes, unpackHigh, unpackLow };

// Adding 1.5 * 2^23 to an integral float below 2^22 leaves the integer in the low bits: far cheaper than trunc_sat.
const magic: f32 = 12582912;
const magicBits: i32 = 0x4b400000;

/** The integer at or below each lane, as i32x4; lanes in (-2^22, 2^22). */
// @ts-ignore: decorator
@inline
export function floorToInt(x: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.floor(x), f32x4.splat(magic)), i32x4.splat(magicBits));
}

/** The low four of eight signed 16-bit lanes as floats. */
// @ts-ignore: decorator
@inline
export function lowFloats(x: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(x));
}

/** The high four of eight signed 16-bit lanes as floats. */
// @ts-ignore: decorator
@inline
export function highFloats(x: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(x));
}

/** Writes eight 16-bit lanes as bytes, clipped to [0, 255]. */
// @ts-ignore: decorator
@inline
export function storeBytes(to: usize, x: v128): void {
  v128.store_lane<u64>(to, i8x16.narrow_i16x8_u(x, x), 0);
}

/**
 * Pillow's blend of eight levels `x` with a degenerate image's, floats in `low` and `high`, as 16-bit lanes, before it is
 * clipped.
 */
// @ts-ignore: decorator
@inline
export function blend(low: v128, high: v128, x: v128, factor: v128): v128 {
  return i16x8.narrow_i32x4_s(blendFour(low, lowFloats(x), factor), blendFour(high, highFloats(x), factor));
}

// `d + factor * (x - d)` in float32, multiplied and added apart. Truncation and floor differ below 0 alone, where the
// clip hides it.
// @ts-ignore: decorator
@inline
function blendFour(d: v128, x: v128, factor: v128): v128 {
  return floorToInt(f32x4.add(d, f32x4.mul(factor, f32x4.sub(x, d))));
}

/** Bits of a whole factor behind its point. */
const wholeBits: i32 = 22;

/**
 * A blend's factor in 2^-22, or -1 where float32 itself has to decide: outside [0, 2), or where its product with a difference of
 * two levels comes within 2^-14 of a whole number, which is seldom. Nowhere else can 255 errors of a factor of 2^-23 and the two
 * roundings of float32, each below 2^-15 where the result is not clipped, lead to another whole number.
 */
export function wholeFactor(factor: f32): i32 {
  if (!(factor >= 0 && factor < 2)) return -1;
  const whole = i32(nearest(f64(factor) * f64(1 << wholeBits)));
  const margin: u32 = 1 << (wholeBits - 14);
  const room = i32x4.splat((1 << wholeBits) - 2 * margin);
  const step = i32x4.splat(4 * whole);
  let products = i32x4.mul(i32x4(1, 2, 3, 4), i32x4.splat(whole));
  let isNear = i32x4.splat(0);
  // Differences up to 256: one more than there are.
  for (let i = 0; i < 64; i++) {
    const rest = v128.and(products, i32x4.splat((1 << wholeBits) - 1));
    isNear = v128.or(isNear, i32x4.gt_u(i32x4.sub(rest, i32x4.splat(margin)), room));
    products = i32x4.add(products, step);
  }
  return v128.any_true(isNear) ? -1 : whole;
}

/** Pillow's blend of eight levels `x` with a degenerate image's `d`, all of 16-bit lanes, before it is clipped, by a whole factor. */
// @ts-ignore: decorator
@inline
export function blendWhole(d: v128, x: v128, factor: v128): v128 {
  const difference = i16x8.sub(x, d);
  const low = i32x4.mul(i32x4.extend_low_i16x8_s(difference), factor);
  const high = i32x4.mul(i32x4.extend_high_i16x8_s(difference), factor);
  return i16x8.add(d, i16x8.narrow_i32x4_s(i32x4.shr_s(low, wholeBits), i32x4.shr_s(high, wholeBits)));
}

/** `(19595 R + 38470 G + 7471 B + 32768) >> 16` of the low four lanes; Pillow's `convert("L")`. */
// @ts-ignore: decorator
@inline
export function lowLuma(red: v128, green: v128, blue: v128): v128 {
  return luma(unpackLow(red, green), unpackLow(blue, green));
}

/** `lowLuma` of the high four lanes. */
// @ts-ignore: decorator
@inline
export function highLuma(red: v128, green: v128, blue: v128): v128 {
  return luma(unpackHigh(red, green), unpackHigh(blue, green));
}

// 38470 does not fit a signed 16-bit lane, so green enters twice, at half its weight.
// @ts-ignore: decorator
@inline
function luma(redGreen: v128, blueGreen: v128): v128 {
  const a = i32x4.dot_i16x8_s(redGreen, i32x4.splat((19235 << 16) | 19595));
  const b = i32x4.dot_i16x8_s(blueGreen, i32x4.splat((19235 << 16) | 7471));
  return i32x4.shr_u(i32x4.add(i32x4.add(a, b), i32x4.splat(32768)), 16);
}
