// Interleaved RGB in and out, square images, 16 bytes past the last pixel readable. The output's (x, y) lies in the input
// at (a x + b y + c, d x + e y + f): PIL/Image.py, `Image.transform`.

// Pillow's cubics of four rows, as doubles: red, green, blue and one more.
const rows = memory.data(4 * 32, 16);

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

// @ts-ignore: decorator
@inline
function copyOrClear(from: usize, to: usize, size: i32, row: i32, column: i32): void {
  if (<u32>column < <u32>size && <u32>row < <u32>size) copy(from + 3 * <usize>(row * size + column), to);
  else clear(to);
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
export function affineNearest(from: usize, to: usize, size: i32, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64): void {
  if (b == 0 && d == 0) {
    let yin = f + e * 0.5;
    for (let y = 0; y < size; y++) {
      const row = coordinate(yin);
      let xin = c + a * 0.5;
      for (let x = 0; x < size; x++, to += 3) {
        copyOrClear(from, to, size, row, coordinate(xin));
        xin += a;
      }
      yin += e;
    }
    return;
  }
  let x0 = fixed(c + a * 0.5 + b * 0.5);
  let y0 = fixed(f + d * 0.5 + e * 0.5);
  const dx = fixed(a);
  const dy = fixed(d);
  const dx0 = fixed(b);
  const dy0 = fixed(e);
  for (let y = 0; y < size; y++) {
    let xx = x0;
    let yy = y0;
    for (let x = 0; x < size; x++, to += 3) {
      copyOrClear(from, to, size, yy >> 16, xx >> 16);
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
export function affineBilinear(from: usize, to: usize, size: i32, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64): void {
  const edge = f64(size);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++, to += 3) {
      const x = f64(i) + 0.5;
      const y = f64(j) + 0.5;
      let xin = a * x + b * y + c;
      let yin = d * x + e * y + f;
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
      for (let channel: usize = 0; channel < 3; channel++) {
        const p0 = i32(load<u8>(row0 + x0 + channel));
        const p1 = i32(load<u8>(row1 + x0 + channel));
        const v0 = f64(p0) + f64(i32(load<u8>(row0 + x1 + channel)) - p0) * dx;
        const v1 = f64(p1) + f64(i32(load<u8>(row1 + x1 + channel)) - p1) * dx;
        store<u8>(to + channel, u8(v0 + (v1 - v0) * dy));
      }
    }
  }
}

/**
 * The affine transform, bicubic (a = -1) in double, truncated and clipped, black outside.
 * Pillow/Geometry.c, `bicubic_filter32RGB`.
 */
export function affineBicubic(from: usize, to: usize, size: i32, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64): void {
  const edge = f64(size);
  const stride = 3 * size;
  const t0 = tapMask(0);
  for (let j = 0; j < size; j++) {
    const y = f64(j) + 0.5;
    const by = b * y;
    const ey = e * y;
    for (let i = 0; i < size; i++, to += 3) {
      const x = f64(i) + 0.5;
      let xin = a * x + by + c;
      let yin = d * x + ey + f;
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
      const row0 = from + clamp(row - 1, size) * stride;
      const row1 = from + clamp(row, size) * stride;
      const row2 = from + clamp(row + 1, size) * stride;
      const row3 = from + clamp(row + 2, size) * stride;
      const c1 = 3 * clamp(column, size);
      // A shift of 0 leaves a cubic at its second tap, exactly: shears and translations need one row or one column.
      if (xin == left) {
        if (yin == top) {
          copy(row1 + c1, to);
        } else {
          cubicOfPixels(pixel(row0 + c1), pixel(row1 + c1), pixel(row2 + c1), pixel(row3 + c1), dy, to, true);
        }
        continue;
      }
      // Clamped or not, the four columns lie within 12 bytes.
      const c0 = 3 * clamp(column - 1, size);
      const t1 = tapMask(c1 - c0);
      const t2 = tapMask(3 * clamp(column + 1, size) - c0);
      const t3 = tapMask(3 * clamp(column + 2, size) - c0);
      across(row1 + c0, t0, t1, t2, t3, dx, rows + 32);
      if (yin == top) {
        write(to, v128.load(rows, 32), v128.load(rows, 48));
        continue;
      }
      across(row0 + c0, t0, t1, t2, t3, dx, rows);
      across(row2 + c0, t0, t1, t2, t3, dx, rows + 64);
      across(row3 + c0, t0, t1, t2, t3, dx, rows + 96);
      write(to, cubicOfRows(rows, dy), cubicOfRows(rows + 16, dy));
    }
  }
}

// One RGB pixel and a byte beyond as 32-bit lanes.
// @ts-ignore: decorator
@inline
function pixel(from: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load_zero<u32>(from)));
}

// What takes the pixel `offset` bytes on out of 16 bytes, as 32-bit lanes; indices of 128 and more become 0.
// @ts-ignore: decorator
@inline
function tapMask(offset: i32): v128 {
  return i8x16.add(
    i8x16(0, -128, -128, -128, 1, -128, -128, -128, 2, -128, -128, -128, -128, -128, -128, -128),
    i8x16.splat(<i8>offset),
  );
}

// @ts-ignore: decorator
@inline
function across(from: usize, t0: v128, t1: v128, t2: v128, t3: v128, d: v128, out: usize): void {
  const p = v128.load(from);
  cubicOfPixels(i8x16.swizzle(p, t0), i8x16.swizzle(p, t1), i8x16.swizzle(p, t2), i8x16.swizzle(p, t3), d, out, false);
}

// Pillow's BICUBIC of integer pixels, whose differences are exact: a pixel where it is the last, otherwise doubles.
// @ts-ignore: decorator
@inline
function cubicOfPixels(v1: v128, v2: v128, v3: v128, v4: v128, d: v128, out: usize, isLast: bool): void {
  const p2 = i32x4.sub(v3, v1);
  const p3 = i32x4.sub(i32x4.add(i32x4.shl(i32x4.sub(v1, v2), 1), v3), v4);
  const p4 = i32x4.add(i32x4.sub(i32x4.sub(v2, v1), v3), v4);
  const low = horner(redGreen(v2), redGreen(p2), redGreen(p3), redGreen(p4), d);
  const high = horner(blue(v2), blue(p2), blue(p3), blue(p4), d);
  if (isLast) {
    write(out, low, high);
  } else {
    v128.store(out, low);
    v128.store(out, high, 16);
  }
}

// Pillow's BICUBIC, its terms in its order.
// @ts-ignore: decorator
@inline
function cubicOfRows(from: usize, d: v128): v128 {
  const v1 = v128.load(from);
  const v2 = v128.load(from, 32);
  const v3 = v128.load(from, 64);
  const v4 = v128.load(from, 96);
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

// @ts-ignore: decorator
@inline
function redGreen(pixel: v128): v128 {
  return f64x2.convert_low_i32x4_s(pixel);
}

// @ts-ignore: decorator
@inline
function blue(pixel: v128): v128 {
  return f64x2.convert_low_i32x4_s(i64x2.shuffle(pixel, pixel, 1, 1));
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
