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
        const p0 = pixel(from + clamp(row - 1, size) * stride + offset);
        const p1 = pixel(row1 + offset);
        const p2 = pixel(from + clamp(row + 1, size) * stride + offset);
        const p3 = pixel(from + clamp(row + 2, size) * stride + offset);
        write(to, cubicLow(p0, p1, p2, p3, dy), cubicHigh(p0, p1, p2, p3, dy));
        continue;
      }
      if (yin == top) {
        const p0 = pixel(row1 + 3 * clamp(column - 1, size));
        const p1 = pixel(row1 + 3 * clamp(column, size));
        const p2 = pixel(row1 + 3 * clamp(column + 1, size));
        const p3 = pixel(row1 + 3 * clamp(column + 2, size));
        write(to, cubicLow(p0, p1, p2, p3, dx), cubicHigh(p0, p1, p2, p3, dx));
        continue;
      }
      const c0 = 3 * clamp(column - 1, size);
      const c1 = 3 * clamp(column, size);
      const c2 = 3 * clamp(column + 1, size);
      const c3 = 3 * clamp(column + 2, size);
      const row0 = from + clamp(row - 1, size) * stride;
      const row2 = from + clamp(row + 1, size) * stride;
      const row3 = from + clamp(row + 2, size) * stride;
      let p0 = pixel(row0 + c0);
      let p1 = pixel(row0 + c1);
      let p2 = pixel(row0 + c2);
      let p3 = pixel(row0 + c3);
      const low0 = cubicLow(p0, p1, p2, p3, dx);
      const high0 = cubicHigh(p0, p1, p2, p3, dx);
      p0 = pixel(row1 + c0);
      p1 = pixel(row1 + c1);
      p2 = pixel(row1 + c2);
      p3 = pixel(row1 + c3);
      const low1 = cubicLow(p0, p1, p2, p3, dx);
      const high1 = cubicHigh(p0, p1, p2, p3, dx);
      p0 = pixel(row2 + c0);
      p1 = pixel(row2 + c1);
      p2 = pixel(row2 + c2);
      p3 = pixel(row2 + c3);
      const low2 = cubicLow(p0, p1, p2, p3, dx);
      const high2 = cubicHigh(p0, p1, p2, p3, dx);
      p0 = pixel(row3 + c0);
      p1 = pixel(row3 + c1);
      p2 = pixel(row3 + c2);
      p3 = pixel(row3 + c3);
      const low3 = cubicLow(p0, p1, p2, p3, dx);
      const high3 = cubicHigh(p0, p1, p2, p3, dx);
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

// `cubic` of integer pixels, whose differences are exact: red and green.
// @ts-ignore: decorator
@inline
function cubicLow(v1: v128, v2: v128, v3: v128, v4: v128, d: v128): v128 {
  return horner(
    f64x2.convert_low_i32x4_s(v2),
    f64x2.convert_low_i32x4_s(i32x4.sub(v3, v1)),
    f64x2.convert_low_i32x4_s(i32x4.sub(i32x4.add(i32x4.shl(i32x4.sub(v1, v2), 1), v3), v4)),
    f64x2.convert_low_i32x4_s(i32x4.add(i32x4.sub(i32x4.sub(v2, v1), v3), v4)),
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
function cubicHigh(v1: v128, v2: v128, v3: v128, v4: v128, d: v128): v128 {
  return cubicLow(upperLanes(v1), upperLanes(v2), upperLanes(v3), upperLanes(v4), d);
}

// @ts-ignore: decorator
@inline
function write(to: usize, redGreen: v128, blue: v128): void {
  store<u8>(to, clipped(f64x2.extract_lane(redGreen, 0)));
  store<u8>(to, clipped(f64x2.extract_lane(redGreen, 1)), 1);
  store<u8>(to, clipped(f64x2.extract_lane(blue, 0)), 2);
}

// @ts-ignore: decorator
@inline
function clipped(x: f64): u8 {
  return <u8>i32(max(0.0, min(255.0, x)));
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
