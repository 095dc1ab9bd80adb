import { blend, highFloats, loadBytes, lowFloats, storeBytes } from './vectors';

/**
 * ImageEnhance.Sharpness from three planes at `from` to three at `to`: a blend with ImageFilter.SMOOTH, whose one-pixel
 * border is the image's own. torchvision/transforms/functional_pil.py, `adjust_sharpness`.
 */
export function adjustSharpness(from: usize, to: usize, plane: usize, size: usize, factor: f32): void {
  if (size < 3) {
    memory.copy(to, from, 3 * plane);
    return;
  }
  const f = f32x4.splat(factor);
  for (let i: usize = 0; i < 3; i++) {
    const source = from + i * plane;
    const target = to + i * plane;
    memory.copy(target, source, size);
    for (let y: usize = 1; y < size - 1; y++) {
      const row = source + y * size;
      const out = target + y * size;
      store<u8>(out, load<u8>(row));
      // The last vector spills into the next row, which is written after it.
      for (let x: usize = 1; x < size - 1; x += 8) sharpen(row + x, out + x, size, f);
      store<u8>(out + size - 1, load<u8>(row + size - 1));
    }
    memory.copy(target + (size - 1) * size, source + (size - 1) * size, size);
  }
}

// @ts-ignore: decorator
@inline
function sharpen(from: usize, to: usize, size: usize, factor: v128): void {
  const x = loadBytes(from);
  const sum = i16x8.add(i16x8.add(three(from - size), three(from + size)), i16x8.add(three(from), i16x8.shl(x, 2)));
  const low = smooth(lowFloats(sum));
  const high = smooth(highFloats(sum));
  storeBytes(to, blend(low, high, x, factor));
}

// @ts-ignore: decorator
@inline
function three(from: usize): v128 {
  return i16x8.add(i16x8.add(loadBytes(from - 1), loadBytes(from)), loadBytes(from + 1));
}

// round(sum / 13): the half keeps every quotient 1/26 away from an integer, so that a reciprocal is exact.
// @ts-ignore: decorator
@inline
function smooth(sum: v128): v128 {
  return f32x4.floor(f32x4.mul(f32x4.add(sum, f32x4.splat(6.5)), f32x4.splat(1.0 / 13.0)));
}
