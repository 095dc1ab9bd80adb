import { blend, blendWhole, held, highLuma, loadBytes, lowLuma, storeBytes, wholeFactor } from './vectors';

/**
 * ImageEnhance.Color on three planes, in place: a blend with each pixel's luma.
 * torchvision/transforms/functional_pil.py, `adjust_saturation`.
 */
export function adjustSaturation(pixels: usize, plane: usize, factor: f32): void {
  const whole = wholeFactor(factor);
  if (whole >= 0) saturateWhole(pixels, plane, whole);
  else saturate(pixels, plane, factor);
}

function saturateWhole(pixels: usize, plane: usize, factor: i32): void {
  const f = held(i32x4.splat(factor));
  for (const end = pixels + plane; pixels < end; pixels += 8) {
    const red = loadBytes(pixels);
    const green = loadBytes(pixels + plane);
    const blue = loadBytes(pixels + 2 * plane);
    const luma = i16x8.narrow_i32x4_s(lowLuma(red, green, blue), highLuma(red, green, blue));
    storeBytes(pixels, blendWhole(luma, red, f));
    storeBytes(pixels + plane, blendWhole(luma, green, f));
    storeBytes(pixels + 2 * plane, blendWhole(luma, blue, f));
  }
}

function saturate(pixels: usize, plane: usize, factor: f32): void {
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
