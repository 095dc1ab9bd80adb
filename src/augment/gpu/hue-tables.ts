const { fround } = Math;

/** Pillow's hue byte of a colour whose largest channel is number `branch` (0 red, 1 green, 2 blue). */
function hueByte(branch: number, chroma: number, difference: number): number {
  // one of the two lesser channels is the smallest, so its distance to the largest is the whole chroma
  const further = difference >= 0 ? 1 : fround((chroma + difference) / chroma);
  const nearer = difference >= 0 ? fround((chroma - difference) / chroma) : 1;
  const hue = fround(branch * 2 + further - nearer);
  return Math.trunc(fround((hue / 6 + 1) % 1) * 255);
}

/**
 * Pillow's hue byte by branch, chroma and difference of the two lesser channels, at
 * `branch * 65536 + chroma * (chroma + 1) + difference`; float32 `[196608]`. Pillow divides in float32, and for 432 of
 * these triples lands just under the whole number that exact division gives: hence a table and no formula.
 *
 * Source: Pillow src/libImaging/Convert.c, `rgb2hsv_row`.
 */
export const hueTable: Float32Array = (() => {
  const table = new Float32Array(3 * 65536);
  for (let branch = 0; branch < 3; branch++)
    for (let chroma = 1; chroma < 256; chroma++)
      for (let difference = -chroma; difference <= chroma; difference++)
        table[branch * 65536 + chroma * (chroma + 1) + difference] = hueByte(branch, chroma, difference);
  return table;
})();

/**
 * For a hue byte plus a shift, in [0, 510]: the sixth of the circle it falls in, times 256, plus the weight, in [0, 255],
 * with which saturation pulls the channel between the largest and the smallest; float32 `[512]`.
 *
 * Source: Pillow src/libImaging/Convert.c, `hsv2rgb`.
 */
export const sectorTable: Float32Array = Float32Array.from({ length: 512 }, (_, sum) => {
  const hue = sum & 255;
  const sixth = Math.floor((6 * hue) / 255);
  const fraction = 6 * hue - 255 * sixth;
  return (sixth % 6) * 256 + (sixth % 2 === 1 ? fraction : 255 - fraction);
});
