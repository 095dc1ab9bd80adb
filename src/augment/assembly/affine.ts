// Interleaved RGB in and out, square images, 16 bytes past the last pixel readable. `matrix`: six doubles, output to input.

// @ts-ignore: decorator
@inline
function clear(to: usize): void {
  store<u16>(to, 0);
  store<u8>(to, 0, 2);
}

// @ts-ignore: decorator
@inline
function copy(from: usize, to: usize): void {
  store<u16>(to, load<u16>(from));
  store<u8>(to, load<u8>(from, 2), 2);
}

// @ts-ignore: decorator
@inline
function clamp(x: i32, size: i32): i32 {
  return max(0, min(size - 1, x));
}

// Pillow's COORD: everything below 0 is outside.
// @ts-ignore: decorator
@inline
function coordinate(x: f64): i32 {
  return x < 0 ? -1 : i32(x);
}

/**
 * The affine transform with the nearest pixel, black outside: in doubles that are added up where the matrix only scales
 * and shifts, otherwise in 16.16 fixed point. Pillow/Geometry.c, `ImagingScaleAffine` and `affine_fixed`; sizes up to
 * about 16,000, where Pillow leaves fixed point.
 */
export function affineNearest(from: usize, to: usize, size: i32, matrix: usize): void {
  const a0 = load<f64>(matrix);
  const a1 = load<f64>(matrix, 8);
  const a2 = load<f64>(matrix, 16);
  const a3 = load<f64>(matrix, 24);
  const a4 = load<f64>(matrix, 32);
  const a5 = load<f64>(matrix, 40);
  if (a1 == 0 && a3 == 0) {
    let yin = a5 + a4 * 0.5;
    for (let y = 0; y < size; y++) {
      const row = coordinate(yin);
      let xin = a2 + a0 * 0.5;
      for (let x = 0; x < size; x++) {
        const column = coordinate(xin);
        if (row < 0 || row >= size || column < 0 || column >= size) clear(to);
        else copy(from + 3 * <usize>(row * size + column), to);
        to += 3;
        xin += a0;
      }
      yin += a4;
    }
    return;
  }
  let x0 = fixed(a2 + a0 * 0.5 + a1 * 0.5);
  let y0 = fixed(a5 + a3 * 0.5 + a4 * 0.5);
  const dx = fixed(a0);
  const dy = fixed(a3);
  const dx0 = fixed(a1);
  const dy0 = fixed(a4);
  for (let y = 0; y < size; y++) {
    let xx = x0;
    let yy = y0;
    for (let x = 0; x < size; x++) {
      const column = xx >> 16;
      const row = yy >> 16;
      if (<u32>column < <u32>size && <u32>row < <u32>size) copy(from + 3 * <usize>(row * size + column), to);
      else clear(to);
      to += 3;
      xx += dx;
      yy += dy;
    }
    x0 += dx0;
    y0 += dy0;
  }
}

// @ts-ignore: decorator
@inline
function fixed(x: f64): i32 {
  return i32(Math.floor(x * 65536.0 + 0.5));
}

/** The affine transform, bilinear in double, truncated, black outside. Pillow/Geometry.c, `bilinear_filter32RGB`. */
export function affineBilinear(from: usize, to: usize, size: i32, matrix: usize): void {
  const a0 = load<f64>(matrix);
  const a1 = load<f64>(matrix, 8);
  const a2 = load<f64>(matrix, 16);
  const a3 = load<f64>(matrix, 24);
  const a4 = load<f64>(matrix, 32);
  const a5 = load<f64>(matrix, 40);
  const edge = f64(size);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++, to += 3) {
      const x = f64(i) + 0.5;
      const y = f64(j) + 0.5;
      let xin = a0 * x + a1 * y + a2;
      let yin = a3 * x + a4 * y + a5;
      if (!(xin >= 0 && xin < edge && yin >= 0 && yin < edge)) {
        clear(to);
        continue;
      }
      xin -= 0.5;
      yin -= 0.5;
      const left = Math.floor(xin);
      const top = Math.floor(yin);
      const dx = xin - left;
      const dy = yin - top;
      const x0 = 3 * clamp(i32(left), size);
      const x1 = 3 * clamp(i32(left) + 1, size);
      const row0 = from + 3 * clamp(i32(top), size) * size;
      const row1 = from + 3 * clamp(i32(top) + 1, size) * size;
      for (let c: usize = 0; c < 3; c++) {
        const p0 = i32(load<u8>(row0 + x0 + c));
        const p1 = i32(load<u8>(row1 + x0 + c));
        const v0 = f64(p0) + f64(i32(load<u8>(row0 + x1 + c)) - p0) * dx;
        const v1 = f64(p1) + f64(i32(load<u8>(row1 + x1 + c)) - p1) * dx;
        store<u8>(to + c, u8(v0 + (v1 - v0) * dy));
      }
    }
  }
}

/**
 * The affine transform, bicubic (a = -1) in double, truncated and clipped, black outside.
 * Pillow/Geometry.c, `bicubic_filter32RGB`.
 */
export function affineBicubic(from: usize, to: usize, size: i32, matrix: usize): void {
  const a0 = load<f64>(matrix);
  const a1 = load<f64>(matrix, 8);
  const a2 = load<f64>(matrix, 16);
  const a3 = load<f64>(matrix, 24);
  const a4 = load<f64>(matrix, 32);
  const a5 = load<f64>(matrix, 40);
  const edge = f64(size);
  const stride = 3 * size;
  for (let j = 0; j < size; j++) {
    const y = f64(j) + 0.5;
    const a1y = a1 * y;
    const a4y = a4 * y;
    for (let i = 0; i < size; i++, to += 3) {
      const x = f64(i) + 0.5;
      let xin = a0 * x + a1y + a2;
      let yin = a3 * x + a4y + a5;
      if (!(xin >= 0 && xin < edge && yin >= 0 && yin < edge)) {
        clear(to);
        continue;
      }
      xin -= 0.5;
      yin -= 0.5;
      const left = Math.floor(xin);
      const top = Math.floor(yin);
      const dx = f64x2.splat(xin - left);
      const dy = f64x2.splat(yin - top);
      const column = i32(left);
      const row = i32(top);
      const row1 = from + clamp(row, size) * stride;
      // A shift of 0 leaves a cubic at its second tap, exactly: shears and translations need one row or one column.
      if (xin == left) {
        const offset = 3 * clamp(column, size);
        if (yin == top) {
          copy(row1 + offset, to);
          continue;
        }
        const v1 = pixel(from + clamp(row - 1, size) * stride + offset);
        const v2 = pixel(row1 + offset);
        const v3 = pixel(from + clamp(row + 1, size) * stride + offset);
        const v4 = pixel(from + clamp(row + 2, size) * stride + offset);
        const p2 = term2(v1, v3);
        const p3 = term3(v1, v2, v3, v4);
        const p4 = term4(v1, v2, v3, v4);
        write(to, cubicLow(v2, p2, p3, p4, dy), cubicHigh(v2, p2, p3, p4, dy));
        continue;
      }
      // Clamped or not, the four columns lie within 12 bytes.
      const c0 = 3 * clamp(column - 1, size);
      const t1 = tapMask(3 * clamp(column, size) - c0);
      const t2 = tapMask(3 * clamp(column + 1, size) - c0);
      const t3 = tapMask(3 * clamp(column + 2, size) - c0);
      let p = v128.load(row1 + c0);
      let v1 = tap0(p);
      let v2 = tap(p, t1);
      let v3 = tap(p, t2);
      let v4 = tap(p, t3);
      let p2 = term2(v1, v3);
      let p3 = term3(v1, v2, v3, v4);
      let p4 = term4(v1, v2, v3, v4);
      const low1 = cubicLow(v2, p2, p3, p4, dx);
      const high1 = cubicHigh(v2, p2, p3, p4, dx);
      if (yin == top) {
        write(to, low1, high1);
        continue;
      }
      p = v128.load(from + clamp(row - 1, size) * stride + c0);
      v1 = tap0(p);
      v2 = tap(p, t1);
      v3 = tap(p, t2);
      v4 = tap(p, t3);
      p2 = term2(v1, v3);
      p3 = term3(v1, v2, v3, v4);
      p4 = term4(v1, v2, v3, v4);
      const low0 = cubicLow(v2, p2, p3, p4, dx);
      const high0 = cubicHigh(v2, p2, p3, p4, dx);
      p = v128.load(from + clamp(row + 1, size) * stride + c0);
      v1 = tap0(p);
      v2 = tap(p, t1);
      v3 = tap(p, t2);
      v4 = tap(p, t3);
      p2 = term2(v1, v3);
      p3 = term3(v1, v2, v3, v4);
      p4 = term4(v1, v2, v3, v4);
      const low2 = cubicLow(v2, p2, p3, p4, dx);
      const high2 = cubicHigh(v2, p2, p3, p4, dx);
      p = v128.load(from + clamp(row + 2, size) * stride + c0);
      v1 = tap0(p);
      v2 = tap(p, t1);
      v3 = tap(p, t2);
      v4 = tap(p, t3);
      p2 = term2(v1, v3);
      p3 = term3(v1, v2, v3, v4);
      p4 = term4(v1, v2, v3, v4);
      const low3 = cubicLow(v2, p2, p3, p4, dx);
      const high3 = cubicHigh(v2, p2, p3, p4, dx);
      write(to, cubic(low0, low1, low2, low3, dy), cubic(high0, high1, high2, high3, dy));
    }
  }
}

// One RGB pixel and a byte beyond as 32-bit lanes.
// @ts-ignore: decorator
@inline
function pixel(from: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load_zero<u32>(from)));
}

// Which bytes make up the pixel `offset` bytes on; those of 128 and more become 0.
// @ts-ignore: decorator
@inline
function tapMask(offset: i32): v128 {
  return i8x16.add(
    i8x16(0, -128, -128, -128, 1, -128, -128, -128, 2, -128, -128, -128, -128, -128, -128, -128),
    i8x16.splat(<i8>offset),
  );
}

// One of the pixels in 16 bytes as 32-bit lanes.
// @ts-ignore: decorator
@inline
function tap(pixels: v128, mask: v128): v128 {
  return i8x16.swizzle(pixels, mask);
}

// @ts-ignore: decorator
@inline
function tap0(pixels: v128): v128 {
  return tap(pixels, i8x16(0, -128, -128, -128, 1, -128, -128, -128, 2, -128, -128, -128, -128, -128, -128, -128));
}

// Pillow's BICUBIC, its terms in its order.
// @ts-ignore: decorator
@inline
function cubic(v1: v128, v2: v128, v3: v128, v4: v128, d: v128): v128 {
  const p2 = f64x2.sub(v3, v1);
  const twice = f64x2.sub(v1, v2);
  const p3 = f64x2.sub(f64x2.add(f64x2.add(twice, twice), v3), v4);
  const p4 = f64x2.add(f64x2.sub(f64x2.sub(v2, v1), v3), v4);
  return horner(v2, p2, p3, p4, d);
}

// @ts-ignore: decorator
@inline
function horner(p1: v128, p2: v128, p3: v128, p4: v128, d: v128): v128 {
  return f64x2.add(p1, f64x2.mul(d, f64x2.add(p2, f64x2.mul(d, f64x2.add(p3, f64x2.mul(d, p4))))));
}

// The terms of `cubic` for integer pixels, whose differences are exact.
// @ts-ignore: decorator
@inline
function term2(v1: v128, v3: v128): v128 {
  return i32x4.sub(v3, v1);
}

// @ts-ignore: decorator
@inline
function term3(v1: v128, v2: v128, v3: v128, v4: v128): v128 {
  return i32x4.sub(i32x4.add(i32x4.shl(i32x4.sub(v1, v2), 1), v3), v4);
}

// @ts-ignore: decorator
@inline
function term4(v1: v128, v2: v128, v3: v128, v4: v128): v128 {
  return i32x4.add(i32x4.sub(i32x4.sub(v2, v1), v3), v4);
}

// `cubic` from its terms: red and green.
// @ts-ignore: decorator
@inline
function cubicLow(p1: v128, p2: v128, p3: v128, p4: v128, d: v128): v128 {
  return horner(
    f64x2.convert_low_i32x4_s(p1),
    f64x2.convert_low_i32x4_s(p2),
    f64x2.convert_low_i32x4_s(p3),
    f64x2.convert_low_i32x4_s(p4),
    d,
  );
}

// @ts-ignore: decorator
@inline
function upperLanes(x: v128): v128 {
  return i64x2.shuffle(x, x, 1, 1);
}

// Blue.
// @ts-ignore: decorator
@inline
function cubicHigh(p1: v128, p2: v128, p3: v128, p4: v128, d: v128): v128 {
  return cubicLow(upperLanes(p1), upperLanes(p2), upperLanes(p3), upperLanes(p4), d);
}

// Truncated, then clipped: narrowing saturates.
// @ts-ignore: decorator
@inline
function write(to: usize, redGreen: v128, blue: v128): void {
  const integers = i64x2.shuffle(i32x4.trunc_sat_f64x2_s_zero(redGreen), i32x4.trunc_sat_f64x2_s_zero(blue), 0, 2);
  const shorts = i16x8.narrow_i32x4_s(integers, integers);
  const bytes = i8x16.narrow_i16x8_u(shorts, shorts);
  v128.store_lane<u16>(to, bytes, 0);
  v128.store_lane<u8>(to + 2, bytes, 2);
}

/** Turns counter-clockwise by `quarters` right angles. Pillow/Geometry.c, `ImagingRotate90`, `180` and `270`. */
export function rotateQuarters(from: usize, to: usize, size: i32, quarters: i32): void {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++, to += 3) {
      let source: i32;
      if (quarters == 1) source = x * size + (size - 1 - y);
      else if (quarters == 2) source = (size - 1 - y) * size + (size - 1 - x);
      else source = (size - 1 - x) * size + y;
      copy(from + 3 * <usize>source, to);
    }
  }
}
