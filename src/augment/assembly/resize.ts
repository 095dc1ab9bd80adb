// One 22-bit weight is `upper * 2^11 + lower`, both within signed 16-bit lanes, so that one dot product takes two taps.
// Per pair of taps: int16 upper, upper, lower, lower. `bounds`: int32 first pixel and number of pairs per output.

// @ts-ignore: decorator
@inline
function rounded(upper: v128, lower: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.add(i32x4.shl(upper, 11), lower), i32x4.splat(1 << 21)), 22);
}

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
  for (let y: usize = 0; y < rows; y += 4) {
    let out = to + y * toStride;
    const row = from + y * fromStride;
    let bound = bounds;
    let weight = weights;
    for (let x: usize = 0; x < width; x++) {
      let s0 = row + 3 * load<u32>(bound);
      let s1 = s0 + fromStride;
      let s2 = s1 + fromStride;
      let s3 = s2 + fromStride;
      let u0 = i32x4.splat(0);
      let u1 = i32x4.splat(0);
      let u2 = i32x4.splat(0);
      let u3 = i32x4.splat(0);
      let l0 = i32x4.splat(0);
      let l1 = i32x4.splat(0);
      let l2 = i32x4.splat(0);
      let l3 = i32x4.splat(0);
      let w = weight;
      for (const end = w + 8 * load<u32>(bound, 4); w < end; w += 8) {
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
      out += 3;
      bound += boundsStep;
      weight += step;
    }
  }
}

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
  for (let y: usize = 0; y < rows; y++) {
    const source = from + (<usize>load<u32>(bounds) - first) * fromStride;
    const end = weights + 8 * load<u32>(bounds, 4);
    for (let x: usize = 0; x < bytes; x += 16) {
      let row = source + x;
      let u0 = i32x4.splat(0);
      let u1 = i32x4.splat(0);
      let u2 = i32x4.splat(0);
      let u3 = i32x4.splat(0);
      let l0 = i32x4.splat(0);
      let l1 = i32x4.splat(0);
      let l2 = i32x4.splat(0);
      let l3 = i32x4.splat(0);
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

/** Copies the RGB pixels at int32 `columns` of one row. Pillow/Geometry.c, `ImagingScaleAffine`, within the image. */
export function gatherRow(from: usize, to: usize, columns: usize, width: usize): void {
  for (const end = to + 3 * width; to < end; to += 3) {
    const pixel = from + 3 * load<u32>(columns);
    store<u16>(to, load<u16>(pixel));
    store<u8>(to, load<u8>(pixel, 2), 2);
    columns += 4;
  }
}
