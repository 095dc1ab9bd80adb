import { blendConstant } from './blend-constant';

/** ImageEnhance.Brightness on three planes, in place. torchvision/transforms/functional_pil.py, `adjust_brightness`. */
export function adjustBrightness(pixels: usize, plane: usize, factor: f32): void {
  blendConstant(pixels, 3 * plane, 0, factor);
}
