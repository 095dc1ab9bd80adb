/** Floats of one table of products. */
export const productTable = 512;

/**
 * Pillow's blend is `trunc(d + factor * (x - d))` in float32, product and sum rounded one after the other. A driver may
 * fuse the two; so the 511 possible products are rounded here, and a kernel only adds.
 *
 * Source: Pillow src/libImaging/Blend.c, `ImagingBlend`.
 *
 * @param factor taken as float32, as Pillow takes it.
 * @param table float32 `[512]`; entry `255 + t` becomes float32(factor * t) for t in [-255, 255].
 */
export function writeProducts(factor: number, table: Float32Array): void {
  const alpha = Math.fround(factor);
  for (let t = -255; t <= 255; t++) table[255 + t] = alpha * t;
}

/** Kernel source: the product of a difference of levels, from sample `z`'s table that starts at `parameter`. */
export const productAt = (difference: string): string => `products[z][parameter + 255 + ${difference}]`;

/** Kernel source: Pillow's grey level of `r`, `g`, `b` (Convert.c, `L24`), a sum below 2^24 shifted by 16. */
export const lumaSource = 'Math.floor((19595 * r + 38470 * g + 7471 * b + 32768) * 0.0000152587890625)';
