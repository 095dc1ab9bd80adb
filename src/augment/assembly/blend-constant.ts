import { blend, highFloats, loadBytes, lowFloats, storeBytes } from './vectors';

/** Blends `bytes` (a multiple of 8) at `pixels` with one grey level, in place. Pillow/Blend.c with a flat first image. */
export function blendConstant(pixels: usize, bytes: usize, level: f32, factor: f32): void {
  const d = f32x4.splat(level);
  const f = f32x4.splat(factor);
  for (const end = pixels + bytes; pixels < end; pixels += 8) {
    const x = loadBytes(pixels);
    storeBytes(pixels, i16x8.narrow_i32x4_s(blend(d, lowFloats(x), f), blend(d, highFloats(x), f)));
  }
}
