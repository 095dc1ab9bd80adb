import { loadBytes, storeBytes, unpackHigh, unpackLow } from './vectors';

/**
 * The 9-tap blur from three planes at `from` to three at `to`, borders reflected without repeating the edge; `size` at
 * least 5. Sums are whole and commute, so the vertical one comes first and needs one row of scratch.
 * torchvision/transforms/functional_tensor.py, `gaussian_blur`, with the weights of src/augment/blur-weights.ts.
 *
 * @param weights int32 `[5]`: the centre and one side, in 2^-16; those of sides fit 15 bits.
 * @param radius the last side weight that is not 0, 1 to 4.
 * @param scratch `4 * size + 128` bytes.
 */
export function gaussianBlur(
  from: usize,
  to: usize,
  plane: usize,
  size: usize,
  weights: usize,
  radius: i32,
  scratch: usize,
): void {
  // A vertical sum below 2^24 is kept as two rows of 12 bits, so that the horizontal products fit 16-bit lanes.
  const stride: usize = 2 * (size + 24);
  const upper = scratch + 16;
  const lower = upper + stride;
  const centre = load<i32>(weights);
  const w0 = i32x4.splat((centre >> 1) | ((centre - (centre >> 1)) << 16));
  const w12 = i32x4.splat(load<i32>(weights, 4) | (load<i32>(weights, 8) << 16));
  const w34 = i32x4.splat(load<i32>(weights, 12) | (load<i32>(weights, 16) << 16));
  for (let i: usize = 0; i < 3; i++) {
    const source = from + i * plane;
    const target = to + i * plane;
    for (let y: isize = 0; y < <isize>size; y++) {
      if (radius <= 2) vertical(source, y, size, upper, lower, w0, w12, w34, false);
      else vertical(source, y, size, upper, lower, w0, w12, w34, true);
      reflect(upper, size);
      reflect(lower, size);
      const out = target + y * size;
      if (radius <= 2) horizontal(upper, lower, out, size, w0, w12, w34, false);
      else horizontal(upper, lower, out, size, w0, w12, w34, true);
    }
  }
}

// @ts-ignore: decorator
@inline
function reflectedRow(source: usize, y: isize, size: usize): usize {
  if (y < 0) y = -y;
  if (y >= <isize>size) y = 2 * <isize>size - 2 - y;
  return source + y * size;
}

// Made twice: with `isWide` for four rows on each side, otherwise for two.
// @ts-ignore: decorator
@inline
function vertical(
  source: usize,
  y: isize,
  size: usize,
  upper: usize,
  lower: usize,
  w0: v128,
  w12: v128,
  w34: v128,
  isWide: bool,
): void {
  const row = source + y * size;
  const above1 = reflectedRow(source, y - 1, size);
  const below1 = reflectedRow(source, y + 1, size);
  const above2 = reflectedRow(source, y - 2, size);
  const below2 = reflectedRow(source, y + 2, size);
  const above3 = reflectedRow(source, y - 3, size);
  const below3 = reflectedRow(source, y + 3, size);
  const above4 = reflectedRow(source, y - 4, size);
  const below4 = reflectedRow(source, y + 4, size);
  const mask = i32x4.splat(4095);
  for (let x: usize = 0; x < size; x += 8) {
    const c = loadBytes(row + x);
    const s1 = i16x8.add(loadBytes(above1 + x), loadBytes(below1 + x));
    const s2 = i16x8.add(loadBytes(above2 + x), loadBytes(below2 + x));
    let a = i32x4.add(i32x4.dot_i16x8_s(unpackLow(c, c), w0), i32x4.dot_i16x8_s(unpackLow(s1, s2), w12));
    let b = i32x4.add(i32x4.dot_i16x8_s(unpackHigh(c, c), w0), i32x4.dot_i16x8_s(unpackHigh(s1, s2), w12));
    if (isWide) {
      const s3 = i16x8.add(loadBytes(above3 + x), loadBytes(below3 + x));
      const s4 = i16x8.add(loadBytes(above4 + x), loadBytes(below4 + x));
      a = i32x4.add(a, i32x4.dot_i16x8_s(unpackLow(s3, s4), w34));
      b = i32x4.add(b, i32x4.dot_i16x8_s(unpackHigh(s3, s4), w34));
    }
    v128.store(upper + 2 * x, i16x8.narrow_i32x4_s(i32x4.shr_u(a, 12), i32x4.shr_u(b, 12)));
    v128.store(lower + 2 * x, i16x8.narrow_i32x4_s(v128.and(a, mask), v128.and(b, mask)));
  }
}

// Four 16-bit lanes on each side of a row.
function reflect(row: usize, size: usize): void {
  const last = row + 2 * (size - 1);
  for (let i: usize = 2; i <= 8; i += 2) {
    store<u16>(row - i, load<u16>(row + i));
    store<u16>(last + i, load<u16>(last - i));
  }
}

// @ts-ignore: decorator
@inline
function pair(row: usize, offset: usize): v128 {
  return i16x8.add(v128.load(row - offset), v128.load(row + offset));
}

// (upper * 2^12 + lower + 2^31) >> 32, with no more than 32 bits at a time.
// @ts-ignore: decorator
@inline
function rounded(upper: v128, lower: v128): v128 {
  return i32x4.shr_u(i32x4.add(upper, i32x4.shr_u(i32x4.add(lower, i32x4.splat(0x80000000)), 12)), 20);
}

// @ts-ignore: decorator
@inline
function sumLow(row: usize, w0: v128, w12: v128, w34: v128, isWide: bool): v128 {
  const c = v128.load(row);
  const near = unpackLow(pair(row, 2), pair(row, 4));
  const sum = i32x4.add(i32x4.dot_i16x8_s(unpackLow(c, c), w0), i32x4.dot_i16x8_s(near, w12));
  return isWide ? i32x4.add(sum, i32x4.dot_i16x8_s(unpackLow(pair(row, 6), pair(row, 8)), w34)) : sum;
}

// @ts-ignore: decorator
@inline
function sumHigh(row: usize, w0: v128, w12: v128, w34: v128, isWide: bool): v128 {
  const c = v128.load(row);
  const near = unpackHigh(pair(row, 2), pair(row, 4));
  const sum = i32x4.add(i32x4.dot_i16x8_s(unpackHigh(c, c), w0), i32x4.dot_i16x8_s(near, w12));
  return isWide ? i32x4.add(sum, i32x4.dot_i16x8_s(unpackHigh(pair(row, 6), pair(row, 8)), w34)) : sum;
}

// @ts-ignore: decorator
@inline
function horizontal(
  upper: usize,
  lower: usize,
  out: usize,
  size: usize,
  w0: v128,
  w12: v128,
  w34: v128,
  isWide: bool,
): void {
  for (let x: usize = 0; x < size; x += 8) {
    const u = upper + 2 * x;
    const l = lower + 2 * x;
    const a = rounded(sumLow(u, w0, w12, w34, isWide), sumLow(l, w0, w12, w34, isWide));
    const b = rounded(sumHigh(u, w0, w12, w34, isWide), sumHigh(l, w0, w12, w34, isWide));
    storeBytes(out + x, i16x8.narrow_i32x4_s(a, b));
  }
}
