/** Keeps the top `bits` of every byte, in place. torchvision/transforms/functional_pil.py, `posterize`. */
export function posterize(pixels: usize, plane: usize, bits: i32): void {
  const mask = i8x16.splat(<i8>(0xff00 >>> bits));
  for (const end = pixels + 3 * plane; pixels < end; pixels += 16) v128.store(pixels, v128.and(v128.load(pixels), mask));
}
