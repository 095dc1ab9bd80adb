import { held } from './vectors';
import { half, rounded } from './resize-weights';

// Two neighbouring RGB pixels as 16-bit pairs: r r g g b b.
// @ts-ignore: decorator
@inline
function pixelPair(from: usize): v128 {
  return i8x16.swizzle(
    v128.load_zero<u64>(from),
    i8x16(0, -128, 3, -128, 1, -128, 4, -128, 2, -128, 5, -128, -128, -128, -128, -128),
  );
}

/**
 * Pillow's horizontal pass over interleaved RGB rows, four at a time; `rows` is rounded up to 4, and 8 bytes past the
 * last row are read. Pillow/Resample.c, `ImagingResampleHorizontal_8bpc`.
 *
 * @param direction 1, or -1 to write the columns from right to left out of the same weights.
 * @param pairs the longest number of pairs, which is the stride of `weights`.
 */
export function resampleHorizontal(
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  rows: usize,
  width: usize,
  bounds: usize,
  weights: usize,
  pairs: usize,
  direction: isize,
): void {
  const step = direction * <isize>pairs * 8;
  const boundsStep = direction * 8;
  if (direction < 0) {
    bounds += (width - 1) * 8;
    weights += (width - 1) * pairs * 8;
  }
  const start = held(i32x4.splat(half));
  const zero = i32x4.splat(0);
  for (let y: usize = 0; y < rows; y += 4) {
    let bound = bounds;
    let weight = weights;
    let out = to;
    for (const end = out + 3 * width; out < end; out += 3) {
      let s0 = from + 3 * load<u32>(bound);
      let s1 = s0 + fromStride;
      let s2 = s1 + fromStride;
      let s3 = s2 + fromStride;
      let u0 = zero;
      let u1 = zero;
      let u2 = zero;
      let u3 = zero;
      let l0 = start;
      let l1 = start;
      let l2 = start;
      let l3 = start;
      let w = weight;
      for (const last = w + 8 * load<u32>(bound, 4); w < last; w += 8) {
        const upper = v128.load_splat<u32>(w);
        const lower = v128.load_splat<u32>(w, 4);
        const p0 = pixelPair(s0);
        u0 = i32x4.add(u0, i32x4.dot_i16x8_s(p0, upper));
        l0 = i32x4.add(l0, i32x4.dot_i16x8_s(p0, lower));
        const p1 = pixelPair(s1);
        u1 = i32x4.add(u1, i32x4.dot_i16x8_s(p1, upper));
        l1 = i32x4.add(l1, i32x4.dot_i16x8_s(p1, lower));
        const p2 = pixelPair(s2);
        u2 = i32x4.add(u2, i32x4.dot_i16x8_s(p2, upper));
        l2 = i32x4.add(l2, i32x4.dot_i16x8_s(p2, lower));
        const p3 = pixelPair(s3);
        u3 = i32x4.add(u3, i32x4.dot_i16x8_s(p3, upper));
        l3 = i32x4.add(l3, i32x4.dot_i16x8_s(p3, lower));
        s0 += 6;
        s1 += 6;
        s2 += 6;
        s3 += 6;
      }
      const bytes = i8x16.narrow_i16x8_u(
        i16x8.narrow_i32x4_s(rounded(u0, l0), rounded(u1, l1)),
        i16x8.narrow_i32x4_s(rounded(u2, l2), rounded(u3, l3)),
      );
      // The fourth byte of each store is overwritten by the next pixel, or lies in the row's slack.
      v128.store_lane<u32>(out, bytes, 0);
      v128.store_lane<u32>(out + toStride, bytes, 1);
      v128.store_lane<u32>(out + 2 * toStride, bytes, 2);
      v128.store_lane<u32>(out + 3 * toStride, bytes, 3);
      bound += boundsStep;
      weight += step;
    }
    from += 4 * fromStride;
    to += 4 * toStride;
  }
}
