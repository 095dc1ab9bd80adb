import { held } from './vectors';
import { half, rounded } from './resize-weights';

/**
 * Pillow's vertical pass: `rows` output rows of `bytes` bytes. Up to 15 bytes past each row, and one row past the last
 * tap, are read; up to 15 bytes past each output row are written before the next row is.
 * Pillow/Resample.c, `ImagingResampleVertical_8bpc`.
 *
 * @param first the input row at `from`; bounds count from row 0.
 * @param direction 1, or -1 to write the rows from bottom to top out of the same weights.
 */
export function resampleVertical(
  from: usize,
  fromStride: usize,
  first: usize,
  to: usize,
  toStride: usize,
  rows: usize,
  bytes: usize,
  bounds: usize,
  weights: usize,
  pairs: usize,
  direction: isize,
): void {
  if (direction < 0) {
    bounds += (rows - 1) * 8;
    weights += (rows - 1) * pairs * 8;
  }
  const start = held(i32x4.splat(half));
  for (let y: usize = 0; y < rows; y++) {
    const source = from + (<usize>load<u32>(bounds) - first) * fromStride;
    const end = weights + 8 * load<u32>(bounds, 4);
    for (let x: usize = 0; x < bytes; x += 16) {
      let row = source + x;
      let u0 = i32x4.splat(0);
      let u1 = i32x4.splat(0);
      let u2 = i32x4.splat(0);
      let u3 = i32x4.splat(0);
      let l0 = start;
      let l1 = start;
      let l2 = start;
      let l3 = start;
      for (let w = weights; w < end; w += 8) {
        const upper = v128.load_splat<u32>(w);
        const lower = v128.load_splat<u32>(w, 4);
        const a = v128.load(row);
        const b = v128.load(row + fromStride);
        const low = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const high = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const p0 = i16x8.extend_low_i8x16_u(low);
        const p1 = i16x8.extend_high_i8x16_u(low);
        const p2 = i16x8.extend_low_i8x16_u(high);
        const p3 = i16x8.extend_high_i8x16_u(high);
        u0 = i32x4.add(u0, i32x4.dot_i16x8_s(p0, upper));
        l0 = i32x4.add(l0, i32x4.dot_i16x8_s(p0, lower));
        u1 = i32x4.add(u1, i32x4.dot_i16x8_s(p1, upper));
        l1 = i32x4.add(l1, i32x4.dot_i16x8_s(p1, lower));
        u2 = i32x4.add(u2, i32x4.dot_i16x8_s(p2, upper));
        l2 = i32x4.add(l2, i32x4.dot_i16x8_s(p2, lower));
        u3 = i32x4.add(u3, i32x4.dot_i16x8_s(p3, upper));
        l3 = i32x4.add(l3, i32x4.dot_i16x8_s(p3, lower));
        row += 2 * fromStride;
      }
      v128.store(
        to + x,
        i8x16.narrow_i16x8_u(
          i16x8.narrow_i32x4_s(rounded(u0, l0), rounded(u1, l1)),
          i16x8.narrow_i32x4_s(rounded(u2, l2), rounded(u3, l3)),
        ),
      );
    }
    to += toStride;
    bounds += direction * 8;
    weights += direction * <isize>pairs * 8;
  }
}
