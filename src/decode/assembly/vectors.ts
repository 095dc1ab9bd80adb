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

/** Eight bytes as 16-bit lanes. */
// @ts-ignore: decorator
@inline
export function loadBytes(from: usize): v128 {
  return v128.load_ext<u8>(from);
}

/** 16 pixels from 16 bytes a channel, interleaved: 48 bytes. */
// @ts-ignore: decorator
@inline
export function storePixels(out: usize, red: v128, green: v128, blue: v128): void {
  const a = i8x16.shuffle(red, green, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  const b = i8x16.shuffle(red, green, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  const c = i8x16.shuffle(red, green, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  v128.store(out, i8x16.shuffle(a, blue, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
  v128.store(out, i8x16.shuffle(b, blue, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16);
  v128.store(out, i8x16.shuffle(c, blue, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32);
}
