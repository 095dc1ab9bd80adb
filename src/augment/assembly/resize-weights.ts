// One 22-bit weight is `upper * 2^11 + lower`, both within signed 16-bit lanes, so that one dot product takes two taps.
// Per pair of taps: int16 upper, upper, lower, lower. `bounds`: int32 first pixel and number of pairs per output.

/** Half of a unit: sums begin with it, so that nothing is added to round them. */
export const half: i32 = 1 << 21;

/** What two sums of products come to, of which `lower` began with `half`. */
// @ts-ignore: decorator
@inline
export function rounded(upper: v128, lower: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(upper, 11), lower), 22);
}
