/**
 * Packs rows of interleaved RGB for a device: each pixel as float32 `r * 65536 + g * 256 + b`. Rows of `columns` values, a multiple
 * of 4 and at least `width`, are written one behind another; columns past the width hold anything below 2^24. Reads up to 13 bytes past
 * the last row.
 */
export function packPixels(from: usize, to: usize, width: usize, columns: usize, rows: usize): void {
  for (; rows > 0; rows--) {
    let at = from;
    for (const end = to + 4 * columns; to < end; to += 16) {
      const bytes = v128.load(at);
      const pixels = i8x16.swizzle(bytes, i8x16(2, 1, 0, -128, 5, 4, 3, -128, 8, 7, 6, -128, 11, 10, 9, -128));
      v128.store(to, f32x4.convert_i32x4_s(pixels));
      at += 12;
    }
    from += 3 * width;
  }
}

/** The inverse of `packPixels`; writes up to 13 bytes past the last row. */
export function unpackPixels(from: usize, to: usize, width: usize, columns: usize, rows: usize): void {
  for (; rows > 0; rows--) {
    let at = to;
    for (const end = from + 4 * columns; from < end; from += 16) {
      const pixels = i32x4.trunc_sat_f32x4_s(v128.load(from));
      v128.store(at, i8x16.swizzle(pixels, i8x16(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -128, -128, -128, -128)));
      at += 12;
    }
    to += 3 * width;
  }
}
