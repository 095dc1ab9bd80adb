import { highLuma, loadBytes, lowLuma, storeBytes } from './vectors';

/** Luma in all three planes, in place. torchvision/transforms/functional_pil.py, `to_grayscale` with three channels. */
export function toGrayscale(pixels: usize, plane: usize): void {
  for (const end = pixels + plane; pixels < end; pixels += 8) {
    const red = loadBytes(pixels);
    const green = loadBytes(pixels + plane);
    const blue = loadBytes(pixels + 2 * plane);
    const luma = i16x8.narrow_i32x4_s(lowLuma(red, green, blue), highLuma(red, green, blue));
    storeBytes(pixels, luma);
    storeBytes(pixels + plane, luma);
    storeBytes(pixels + 2 * plane, luma);
  }
}
