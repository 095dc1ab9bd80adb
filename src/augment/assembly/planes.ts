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
    const red = v128.load(from);
    const green = v128.load(from + plane);
    const blue = v128.load(from + 2 * plane);
    const a = i8x16.shuffle(red, green, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
    const b = i8x16.shuffle(red, green, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
    const c = i8x16.shuffle(red, green, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
    v128.store(to, i8x16.shuffle(a, blue, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
    v128.store(to, i8x16.shuffle(b, blue, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16);
    v128.store(to, i8x16.shuffle(c, blue, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32);
    from += 16;
    to += 48;
  }
}
