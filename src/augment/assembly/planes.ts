import { storePixels } from '../../decode/assembly/vectors';

/**
 * Splits interleaved RGB into three planes. `area` pixels are read from `from`, up to 45 bytes past its end; planes lie
 * `plane` bytes apart at `to`, `plane` at least `area` rounded up to 16.
 */
export function toPlanes(from: usize, to: usize, plane: usize, area: usize): void {
  const end = to + area;
  // Where a channel's bytes lie in each of three vectors. A swizzle is one instruction, a shuffle of two vectors nine.
  const redOfFirst = i8x16(0, 3, 6, 9, 12, 15, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128);
  const redOfSecond = i8x16(-128, -128, -128, -128, -128, -128, 2, 5, 8, 11, 14, -128, -128, -128, -128, -128);
  const redOfThird = i8x16(-128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, 1, 4, 7, 10, 13);
  const greenOfFirst = i8x16(1, 4, 7, 10, 13, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128);
  const greenOfSecond = i8x16(-128, -128, -128, -128, -128, 0, 3, 6, 9, 12, 15, -128, -128, -128, -128, -128);
  const greenOfThird = i8x16(-128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, 2, 5, 8, 11, 14);
  const blueOfFirst = i8x16(2, 5, 8, 11, 14, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128, -128);
  const blueOfSecond = i8x16(-128, -128, -128, -128, -128, 1, 4, 7, 10, 13, -128, -128, -128, -128, -128, -128);
  const blueOfThird = i8x16(-128, -128, -128, -128, -128, -128, -128, -128, -128, -128, 0, 3, 6, 9, 12, 15);
  while (to < end) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    v128.store(to, third(a, b, c, redOfFirst, redOfSecond, redOfThird));
    v128.store(to + plane, third(a, b, c, greenOfFirst, greenOfSecond, greenOfThird));
    v128.store(to + 2 * plane, third(a, b, c, blueOfFirst, blueOfSecond, blueOfThird));
    from += 48;
    to += 16;
  }
}

// @ts-ignore: decorator
@inline
function third(a: v128, b: v128, c: v128, ofA: v128, ofB: v128, ofC: v128): v128 {
  return v128.or(v128.or(i8x16.swizzle(a, ofA), i8x16.swizzle(b, ofB)), i8x16.swizzle(c, ofC));
}

/** The inverse of `toPlanes`; writes up to 49 bytes past the last pixel. */
export function fromPlanes(from: usize, to: usize, plane: usize, area: usize): void {
  const end = from + area;
  while (from < end) {
    storePixels(to, v128.load(from), v128.load(from + plane), v128.load(from + 2 * plane));
    from += 16;
    to += 48;
  }
}
