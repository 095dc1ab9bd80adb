import { loadBytes } from './vectors';

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
      if (radius <= 2) vertical2(source, y, size, upper, lower, w0, w12);
      else vertical4(source, y, size, upper, lower, w0, w12, w34);
      reflect(upper, size);
      reflect(lower, size);
      const out = target + y * size;
      if (radius <= 2) horizontal2(upper, lower, out, size, w0, w12);
      else horizontal4(upper, lower, out, size, w0, w12, w34);
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

// @ts-ignore: decorator
@inline
function low(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function high(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// @ts-ignore: decorator
@inline
function split(x: usize, upper: usize, lower: usize, a: v128, b: v128): void {
  const mask = i32x4.splat(4095);
  v128.store(upper + 2 * x, i16x8.narrow_i32x4_s(i32x4.shr_u(a, 12), i32x4.shr_u(b, 12)));
  v128.store(lower + 2 * x, i16x8.narrow_i32x4_s(v128.and(a, mask), v128.and(b, mask)));
}

function vertical2(source: usize, y: isize, size: usize, upper: usize, lower: usize, w0: v128, w12: v128): void {
  const row = source + y * size;
  const above1 = reflectedRow(source, y - 1, size);
  const below1 = reflectedRow(source, y + 1, size);
  const above2 = reflectedRow(source, y - 2, size);
  const below2 = reflectedRow(source, y + 2, size);
  for (let x: usize = 0; x < size; x += 8) {
    const c = loadBytes(row + x);
    const s1 = i16x8.add(loadBytes(above1 + x), loadBytes(below1 + x));
    const s2 = i16x8.add(loadBytes(above2 + x), loadBytes(below2 + x));
    split(
      x,
      upper,
      lower,
      i32x4.add(i32x4.dot_i16x8_s(low(c, c), w0), i32x4.dot_i16x8_s(low(s1, s2), w12)),
      i32x4.add(i32x4.dot_i16x8_s(high(c, c), w0), i32x4.dot_i16x8_s(high(s1, s2), w12)),
    );
  }
}

function vertical4(
  source: usize,
  y: isize,
  size: usize,
  upper: usize,
  lower: usize,
  w0: v128,
  w12: v128,
  w34: v128,
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
  for (let x: usize = 0; x < size; x += 8) {
    const c = loadBytes(row + x);
    const s1 = i16x8.add(loadBytes(above1 + x), loadBytes(below1 + x));
    const s2 = i16x8.add(loadBytes(above2 + x), loadBytes(below2 + x));
    const s3 = i16x8.add(loadBytes(above3 + x), loadBytes(below3 + x));
    const s4 = i16x8.add(loadBytes(above4 + x), loadBytes(below4 + x));
    const a = i32x4.add(i32x4.dot_i16x8_s(low(c, c), w0), i32x4.dot_i16x8_s(low(s1, s2), w12));
    const b = i32x4.add(i32x4.dot_i16x8_s(high(c, c), w0), i32x4.dot_i16x8_s(high(s1, s2), w12));
    split(
      x,
      upper,
      lower,
      i32x4.add(a, i32x4.dot_i16x8_s(low(s3, s4), w34)),
      i32x4.add(b, i32x4.dot_i16x8_s(high(s3, s4), w34)),
    );
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
function sumLow2(row: usize, w0: v128, w12: v128): v128 {
  const c = v128.load(row);
  return i32x4.add(i32x4.dot_i16x8_s(low(c, c), w0), i32x4.dot_i16x8_s(low(pair(row, 2), pair(row, 4)), w12));
}

// @ts-ignore: decorator
@inline
function sumHigh2(row: usize, w0: v128, w12: v128): v128 {
  const c = v128.load(row);
  return i32x4.add(i32x4.dot_i16x8_s(high(c, c), w0), i32x4.dot_i16x8_s(high(pair(row, 2), pair(row, 4)), w12));
}

function horizontal2(upper: usize, lower: usize, out: usize, size: usize, w0: v128, w12: v128): void {
  for (let x: usize = 0; x < size; x += 8) {
    const a = rounded(sumLow2(upper + 2 * x, w0, w12), sumLow2(lower + 2 * x, w0, w12));
    const b = rounded(sumHigh2(upper + 2 * x, w0, w12), sumHigh2(lower + 2 * x, w0, w12));
    const bytes = i16x8.narrow_i32x4_s(a, b);
    v128.store_lane<u64>(out + x, i8x16.narrow_i16x8_u(bytes, bytes), 0);
  }
}

function horizontal4(upper: usize, lower: usize, out: usize, size: usize, w0: v128, w12: v128, w34: v128): void {
  for (let x: usize = 0; x < size; x += 8) {
    const u = upper + 2 * x;
    const l = lower + 2 * x;
    const u3 = pair(u, 6);
    const u4 = pair(u, 8);
    const l3 = pair(l, 6);
    const l4 = pair(l, 8);
    const a = rounded(
      i32x4.add(sumLow2(u, w0, w12), i32x4.dot_i16x8_s(low(u3, u4), w34)),
      i32x4.add(sumLow2(l, w0, w12), i32x4.dot_i16x8_s(low(l3, l4), w34)),
    );
    const b = rounded(
      i32x4.add(sumHigh2(u, w0, w12), i32x4.dot_i16x8_s(high(u3, u4), w34)),
      i32x4.add(sumHigh2(l, w0, w12), i32x4.dot_i16x8_s(high(l3, l4), w34)),
    );
    const bytes = i16x8.narrow_i32x4_s(a, b);
    v128.store_lane<u64>(out + x, i8x16.narrow_i16x8_u(bytes, bytes), 0);
  }
}
