import { unpackHigh, unpackLow } from './vectors';

// FIX(x) = round(x * 2^13), as jidctint.c names them.
const f0541 = 4433;
const f0765 = 6270;
const f1847 = 15137;
const f1175 = 9633;
const f1961 = 16069;
const f0390 = 3196;
const f0298 = 2446;
const f0899 = 7373;
const f1501 = 12299;
const f2053 = 16819;
const f2562 = 20995;
const f3072 = 25172;
const fixBits = 13;
const firstBits = fixBits - 2;
const secondBits = fixBits + 2 + 3;

const work = memory.data(8 * 16, 64);

// @ts-ignore: decorator
@inline
function pair(low: i32, high: i32): v128 {
  return i32x4.splat((low & 0xffff) | (high << 16));
}

// Sign-extended to 32 bits, scaled by 2^13, and the half that rounds what comes of it.
// @ts-ignore: decorator
@inline
function scaledLow(x: v128, half: v128): v128 {
  return i32x4.add(i32x4.shr_s(unpackLow(i16x8.splat(0), x), 16 - fixBits), half);
}

// @ts-ignore: decorator
@inline
function scaledHigh(x: v128, half: v128): v128 {
  return i32x4.add(i32x4.shr_s(unpackHigh(i16x8.splat(0), x), 16 - fixBits), half);
}

// @ts-ignore: decorator
@inline
function descaled(low: v128, high: v128, bits: i32): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, bits), i32x4.shr_s(high, bits));
}

// One dimension of eight vectors into `work`, with the roundings and saturations of the SSE2 code.
// @ts-ignore: decorator
@inline
function pass(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, x6: v128, x7: v128, bits: i32): void {
  const evenLow = unpackLow(x2, x6);
  const evenHigh = unpackHigh(x2, x6);
  const even3 = pair(f0541 + f0765, f0541);
  const even2 = pair(f0541, f0541 - f1847);
  const sum = i16x8.add(x0, x4);
  const difference = i16x8.sub(x0, x4);
  const t3L = i32x4.dot_i16x8_s(evenLow, even3);
  const t3H = i32x4.dot_i16x8_s(evenHigh, even3);
  const t2L = i32x4.dot_i16x8_s(evenLow, even2);
  const t2H = i32x4.dot_i16x8_s(evenHigh, even2);
  // Each of the eight has it from here.
  const half = i32x4.splat(1 << (bits - 1));
  const t0L = scaledLow(sum, half);
  const t0H = scaledHigh(sum, half);
  const t1L = scaledLow(difference, half);
  const t1H = scaledHigh(difference, half);

  const z3 = i16x8.add(x3, x7);
  const z4 = i16x8.add(x1, x5);
  const zLow = unpackLow(z3, z4);
  const zHigh = unpackHigh(z3, z4);
  const z3Factor = pair(f1175 - f1961, f1175);
  const z4Factor = pair(f1175, f1175 - f0390);
  const z3L = i32x4.dot_i16x8_s(zLow, z3Factor);
  const z3H = i32x4.dot_i16x8_s(zHigh, z3Factor);
  const z4L = i32x4.dot_i16x8_s(zLow, z4Factor);
  const z4H = i32x4.dot_i16x8_s(zHigh, z4Factor);

  const outerLow = unpackLow(x7, x1);
  const outerHigh = unpackHigh(x7, x1);
  const outer0 = pair(f0298 - f0899, -f0899);
  const outer3 = pair(-f0899, f1501 - f0899);
  const o0L = i32x4.add(i32x4.dot_i16x8_s(outerLow, outer0), z3L);
  const o0H = i32x4.add(i32x4.dot_i16x8_s(outerHigh, outer0), z3H);
  const o3L = i32x4.add(i32x4.dot_i16x8_s(outerLow, outer3), z4L);
  const o3H = i32x4.add(i32x4.dot_i16x8_s(outerHigh, outer3), z4H);

  const innerLow = unpackLow(x5, x3);
  const innerHigh = unpackHigh(x5, x3);
  const inner1 = pair(f2053 - f2562, -f2562);
  const inner2 = pair(-f2562, f3072 - f2562);
  const o1L = i32x4.add(i32x4.dot_i16x8_s(innerLow, inner1), z4L);
  const o1H = i32x4.add(i32x4.dot_i16x8_s(innerHigh, inner1), z4H);
  const o2L = i32x4.add(i32x4.dot_i16x8_s(innerLow, inner2), z3L);
  const o2H = i32x4.add(i32x4.dot_i16x8_s(innerHigh, inner2), z3H);

  const e0L = i32x4.add(t0L, t3L);
  const e0H = i32x4.add(t0H, t3H);
  v128.store(work, descaled(i32x4.add(e0L, o3L), i32x4.add(e0H, o3H), bits));
  v128.store(work, descaled(i32x4.sub(e0L, o3L), i32x4.sub(e0H, o3H), bits), 112);
  const e1L = i32x4.add(t1L, t2L);
  const e1H = i32x4.add(t1H, t2H);
  v128.store(work, descaled(i32x4.add(e1L, o2L), i32x4.add(e1H, o2H), bits), 16);
  v128.store(work, descaled(i32x4.sub(e1L, o2L), i32x4.sub(e1H, o2H), bits), 96);
  const e2L = i32x4.sub(t1L, t2L);
  const e2H = i32x4.sub(t1H, t2H);
  v128.store(work, descaled(i32x4.add(e2L, o1L), i32x4.add(e2H, o1H), bits), 32);
  v128.store(work, descaled(i32x4.sub(e2L, o1L), i32x4.sub(e2H, o1H), bits), 80);
  const e3L = i32x4.sub(t0L, t3L);
  const e3H = i32x4.sub(t0H, t3H);
  v128.store(work, descaled(i32x4.add(e3L, o0L), i32x4.add(e3H, o0H), bits), 48);
  v128.store(work, descaled(i32x4.sub(e3L, o0L), i32x4.sub(e3H, o0H), bits), 64);
}

/** Whether a block has coefficients below its first row. */
// @ts-ignore: decorator
@inline
function hasRows(block: usize): bool {
  const upper = v128.or(v128.or(v128.load(block, 16), v128.load(block, 32)), v128.load(block, 48));
  const lower = v128.or(v128.or(v128.load(block, 64), v128.load(block, 80)), v128.load(block, 96));
  return v128.any_true(v128.or(v128.or(upper, lower), v128.load(block, 112)));
}

/**
 * Dequantises a block, transforms it, and writes its 8 x 8 pixels; the block is zero afterwards.
 *
 * Source: libjpeg-turbo jidctint.c, `jpeg_idct_islow`, with 16-bit overflows as simd/x86_64/jidctint-sse2.asm has them.
 *
 * @param quants 64 factors of 16 bits in natural order.
 */
export function inverseTransform(block: usize, quants: usize, out: usize, stride: usize): void {
  const first = i16x8.mul(v128.load(block), v128.load(quants));
  if (hasRows(block)) {
    pass(
      first,
      i16x8.mul(v128.load(block, 16), v128.load(quants, 16)),
      i16x8.mul(v128.load(block, 32), v128.load(quants, 32)),
      i16x8.mul(v128.load(block, 48), v128.load(quants, 48)),
      i16x8.mul(v128.load(block, 64), v128.load(quants, 64)),
      i16x8.mul(v128.load(block, 80), v128.load(quants, 80)),
      i16x8.mul(v128.load(block, 96), v128.load(quants, 96)),
      i16x8.mul(v128.load(block, 112), v128.load(quants, 112)),
      firstBits,
    );
  } else {
    // What overflows here wraps, where the pass saturates.
    const shifted = i16x8.shl(first, 2);
    for (let row: usize = 0; row < 128; row += 16) v128.store(work + row, shifted);
  }
  const zero = i16x8.splat(0);
  v128.store(block, zero);
  v128.store(block, zero, 16);
  v128.store(block, zero, 32);
  v128.store(block, zero, 48);
  v128.store(block, zero, 64);
  v128.store(block, zero, 80);
  v128.store(block, zero, 96);
  v128.store(block, zero, 112);

  const r0 = v128.load(work);
  const r1 = v128.load(work, 16);
  const r2 = v128.load(work, 32);
  const r3 = v128.load(work, 48);
  const r4 = v128.load(work, 64);
  const r5 = v128.load(work, 80);
  const r6 = v128.load(work, 96);
  const r7 = v128.load(work, 112);
  const a0 = unpackLow(r0, r1);
  const a1 = unpackHigh(r0, r1);
  const a2 = unpackLow(r2, r3);
  const a3 = unpackHigh(r2, r3);
  const a4 = unpackLow(r4, r5);
  const a5 = unpackHigh(r4, r5);
  const a6 = unpackLow(r6, r7);
  const a7 = unpackHigh(r6, r7);
  const b0 = i32x4.shuffle(a0, a2, 0, 4, 1, 5);
  const b1 = i32x4.shuffle(a0, a2, 2, 6, 3, 7);
  const b2 = i32x4.shuffle(a1, a3, 0, 4, 1, 5);
  const b3 = i32x4.shuffle(a1, a3, 2, 6, 3, 7);
  const b4 = i32x4.shuffle(a4, a6, 0, 4, 1, 5);
  const b5 = i32x4.shuffle(a4, a6, 2, 6, 3, 7);
  const b6 = i32x4.shuffle(a5, a7, 0, 4, 1, 5);
  const b7 = i32x4.shuffle(a5, a7, 2, 6, 3, 7);
  pass(
    i64x2.shuffle(b0, b4, 0, 2),
    i64x2.shuffle(b0, b4, 1, 3),
    i64x2.shuffle(b1, b5, 0, 2),
    i64x2.shuffle(b1, b5, 1, 3),
    i64x2.shuffle(b2, b6, 0, 2),
    i64x2.shuffle(b2, b6, 1, 3),
    i64x2.shuffle(b3, b7, 0, 2),
    i64x2.shuffle(b3, b7, 1, 3),
    secondBits,
  );

  // Columns of pixels, two a vector, centred at 0; turned back into rows.
  const centre = i8x16.splat(-128);
  const c01 = i8x16.narrow_i16x8_s(v128.load(work), v128.load(work, 16));
  const c23 = i8x16.narrow_i16x8_s(v128.load(work, 32), v128.load(work, 48));
  const c45 = i8x16.narrow_i16x8_s(v128.load(work, 64), v128.load(work, 80));
  const c67 = i8x16.narrow_i16x8_s(v128.load(work, 96), v128.load(work, 112));
  const d02 = i8x16.shuffle(c01, c45, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const d13 = i8x16.shuffle(c01, c45, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const d26 = i8x16.shuffle(c23, c67, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const d37 = i8x16.shuffle(c23, c67, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const e0 = i8x16.shuffle(d02, d26, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const e1 = i8x16.shuffle(d02, d26, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const e2 = i8x16.shuffle(d13, d37, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const e3 = i8x16.shuffle(d13, d37, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const rows01 = v128.xor(i8x16.shuffle(e0, e2, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), centre);
  const rows23 = v128.xor(i8x16.shuffle(e0, e2, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), centre);
  const rows45 = v128.xor(i8x16.shuffle(e1, e3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), centre);
  const rows67 = v128.xor(i8x16.shuffle(e1, e3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), centre);
  v128.store_lane<u64>(out, rows01, 0);
  v128.store_lane<u64>(out + stride, rows01, 1);
  v128.store_lane<u64>(out + 2 * stride, rows23, 0);
  v128.store_lane<u64>(out + 3 * stride, rows23, 1);
  v128.store_lane<u64>(out + 4 * stride, rows45, 0);
  v128.store_lane<u64>(out + 5 * stride, rows45, 1);
  v128.store_lane<u64>(out + 6 * stride, rows67, 0);
  v128.store_lane<u64>(out + 7 * stride, rows67, 1);
}

/** `inverseTransform` of a block without a coefficient but its first. */
export function fillBlock(block: usize, quants: usize, out: usize, stride: usize): void {
  const first = <i32>(<i16>(<i32>load<i16>(block) * <i32>load<i16>(quants)));
  store<i16>(block, 0);
  // Both passes of a constant: 16-bit saturation aside, two rounded shifts.
  const shifted = <i32>(<i16>(first << 2));
  const level = ((shifted + 16) >> 5) + 128;
  const pixels = <u64>(level < 0 ? 0 : level > 255 ? 255 : level) * 0x0101010101010101;
  for (let row = 0; row < 8; row++, out += stride) store<u64>(out, pixels);
}
