import { storePixels } from '../../decode/assembly/vectors';

/**
 * Splits interleaved RGB into three planes. `area` pixels are read from `from`, up to 45 bytes past its end; planes lie
 * `plane` bytes apart at `to`, `plane` at least `area` rounded up to 16.
 */
export function toPlanes(from: usize, to: usize, plane: usize, area: usize): void {
  const end = to + area;
  while (to < end) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    const red = i8x16.shuffle(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    const green = i8x16.shuffle(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
    const blue = i8x16.shuffle(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
    v128.store(to, i8x16.shuffle(red, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29));
    v128.store(to + plane, i8x16.shuffle(green, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30));
    v128.store(to + 2 * plane, i8x16.shuffle(blue, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31));
    from += 48;
    to += 16;
  }
}

/** The inverse of `toPlanes`; writes up to 45 bytes past the last pixel. */
export function fromPlanes(from: usize, to: usize, plane: usize, area: usize): void {
  const end = from + area;
  while (from < end) {
    storePixels(to, v128.load(from), v128.load(from + plane), v128.load(from + 2 * plane));
    from += 16;
    to += 48;
  }
}
