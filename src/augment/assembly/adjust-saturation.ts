import { blend, highFloats, highLuma, loadBytes, lowFloats, lowLuma, storeBytes } from './vectors';

/**
 * ImageEnhance.Color on three planes, in place: a blend with each pixel's luma.
 * torchvision/transforms/functional_pil.py, `adjust_saturation`.
 */
export function adjustSaturation(pixels: usize, plane: usize, factor: f32): void {
  const f = f32x4.splat(factor);
  for (const end = pixels + plane; pixels < end; pixels += 8) {
    const red = loadBytes(pixels);
    const green = loadBytes(pixels + plane);
    const blue = loadBytes(pixels + 2 * plane);
    const low = f32x4.convert_i32x4_s(lowLuma(red, green, blue));
    const high = f32x4.convert_i32x4_s(highLuma(red, green, blue));
    storeBytes(pixels, channel(red, low, high, f));
    storeBytes(pixels + plane, channel(green, low, high, f));
    storeBytes(pixels + 2 * plane, channel(blue, low, high, f));
  }
}

// @ts-ignore: decorator
@inline
function channel(x: v128, low: v128, high: v128, factor: v128): v128 {
  return i16x8.narrow_i32x4_s(blend(low, lowFloats(x), factor), blend(high, highFloats(x), factor));
}
