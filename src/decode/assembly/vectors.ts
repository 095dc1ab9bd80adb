/** The low four lanes of two vectors of 16 bits, in turn. */
// @ts-ignore: decorator
@inline
export function unpackLow(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** The high four lanes of two vectors of 16 bits, in turn. */
// @ts-ignore: decorator
@inline
export function unpackHigh(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
