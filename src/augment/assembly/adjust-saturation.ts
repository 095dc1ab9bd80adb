import { blend, highLuma, loadBytes, lowLuma, storeBytes } from './vectors';

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
    storeBytes(pixels, blend(low, high, red, f));
    storeBytes(pixels + plane, blend(low, high, green, f));
    storeBytes(pixels + 2 * plane, blend(low, high, blue, f));
  }
}
