// Where constants are fetched from.
const constants = memory.data(16, 16);

/**
 * The same vector, loaded from memory, for use in a loop: V8 keeps what was loaded before the loop, but makes a constant or a splat anew in
 * each round, mostly with three instructions.
 */
// @ts-ignore: decorator
@inline
export function held(vector: v128): v128 {
  v128.store(constants, vector);
  return v128.load(constants);
}

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

// Of four pixels of four bytes, those of three.
// @ts-ignore: decorator
@inline
function packed(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -128, -128, -128, -128));
}

/**
 * 16 pixels from 16 bytes a channel, interleaved: 48 bytes, and four more are written. Shuffles of two vectors in an order that is no
 * instruction's cost V8 nine; these are one each.
 */
// @ts-ignore: decorator
@inline
export function storePixels(out: usize, red: v128, green: v128, blue: v128): void {
  const zero = i8x16.splat(0);
  const redGreenLow = zipLow(red, green);
  const redGreenHigh = zipHigh(red, green);
  const blueLow = zipLow(blue, zero);
  const blueHigh = zipHigh(blue, zero);
  v128.store(out, packed(unpackLow(redGreenLow, blueLow)));
  v128.store(out, packed(unpackHigh(redGreenLow, blueLow)), 12);
  v128.store(out, packed(unpackLow(redGreenHigh, blueHigh)), 24);
  v128.store(out, packed(unpackHigh(redGreenHigh, blueHigh)), 36);
}

/** The low eight bytes of two vectors, in turn. */
// @ts-ignore: decorator
@inline
export function zipLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/** The high eight bytes of two vectors, in turn. */
// @ts-ignore: decorator
@inline
export function zipHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
