import { blend, blendWhole, held, loadBytes, storeBytes, wholeFactor } from './vectors';

/**
 * Blends three planes with one grey level, a whole number, in place: with black ImageEnhance.Brightness. Pillow/Blend.c with a flat first
 * image; torchvision/transforms/functional_pil.py, `adjust_brightness`.
 */
export function blendConstant(pixels: usize, plane: usize, level: f32, factor: f32): void {
  const end = pixels + 3 * plane;
  const whole = wholeFactor(factor);
  if (whole >= 0) {
    const d = held(i16x8.splat(<i16>level));
    const f = held(i32x4.splat(whole));
    for (; pixels < end; pixels += 16) {
      const low = blendWhole(d, loadBytes(pixels), f);
      const high = blendWhole(d, loadBytes(pixels + 8), f);
      v128.store(pixels, i8x16.narrow_i16x8_u(low, high));
    }
  } else {
    const d = held(f32x4.splat(level));
    const f = held(f32x4.splat(factor));
    for (; pixels < end; pixels += 8) storeBytes(pixels, blend(d, d, loadBytes(pixels), f));
  }
}
