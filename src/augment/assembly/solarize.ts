/**
 * Inverts the bytes at or above `threshold` (1 to 255), in place. ImageOps.solarize; a fractional threshold is the next
 * integer. torchvision/transforms/functional_pil.py, `solarize`.
 */
export function solarize(pixels: usize, plane: usize, threshold: i32): void {
  const t = i8x16.splat(<i8>threshold);
  for (const end = pixels + 3 * plane; pixels < end; pixels += 16) {
    const x = v128.load(pixels);
    // Inverting is xor with 255, which is the mask itself.
    v128.store(pixels, v128.xor(x, i8x16.ge_u(x, t)));
  }
}
