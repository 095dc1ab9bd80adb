/** `255 - x` of every byte, in place. torchvision/transforms/functional_pil.py, `invert`. */
export function invert(pixels: usize, plane: usize): void {
  for (const end = pixels + 3 * plane; pixels < end; pixels += 16) v128.store(pixels, v128.not(v128.load(pixels)));
}
