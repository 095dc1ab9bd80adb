import { blendConstant } from './blend-constant';
import { highLuma, loadBytes, lowLuma } from './vectors';

/**
 * ImageEnhance.Contrast on three planes, in place: a blend with the mean luma, rounded half up.
 * torchvision/transforms/functional_pil.py, `adjust_contrast`.
 */
export function adjustContrast(pixels: usize, plane: usize, area: usize, factor: f32): void {
  const mean = (2 * <u64>sumLuma(pixels, plane, area) + area) / (2 * area);
  blendConstant(pixels, plane, f32(mean), factor);
}

/** The luma of all pixels together: whole, and below 2^53. */
export function sumLuma(pixels: usize, plane: usize, area: usize): f64 {
  // Black padding has luma 0, so that the sum may run over whole vectors.
  for (let i: usize = 0; i < 3; i++) memory.fill(pixels + i * plane + area, 0, plane - area);
  let sum: u64 = 0;
  const end = pixels + area;
  while (pixels < end) {
    // 2^16 pixels keep four 32-bit lanes far from overflow.
    const stop = min(end, pixels + 65536);
    let lanes = i32x4.splat(0);
    for (; pixels < stop; pixels += 8) {
      const red = loadBytes(pixels);
      const green = loadBytes(pixels + plane);
      const blue = loadBytes(pixels + 2 * plane);
      lanes = i32x4.add(lanes, i32x4.add(lowLuma(red, green, blue), highLuma(red, green, blue)));
    }
    sum += <u64>i32x4.extract_lane(lanes, 0) + <u64>i32x4.extract_lane(lanes, 1);
    sum += <u64>i32x4.extract_lane(lanes, 2) + <u64>i32x4.extract_lane(lanes, 3);
  }
  return f64(sum);
}
