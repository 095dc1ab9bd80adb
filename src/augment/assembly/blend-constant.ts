import { blend, loadBytes, storeBytes } from './vectors';

/**
 * Blends three planes with one grey level, in place: with black ImageEnhance.Brightness. Pillow/Blend.c with a flat first
 * image; torchvision/transforms/functional_pil.py, `adjust_brightness`.
 */
export function blendConstant(pixels: usize, plane: usize, level: f32, factor: f32): void {
  const d = f32x4.splat(level);
  const f = f32x4.splat(factor);
  for (const end = pixels + 3 * plane; pixels < end; pixels += 8) storeBytes(pixels, blend(d, d, loadBytes(pixels), f));
}
