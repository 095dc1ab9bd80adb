import { type PointOperation, parameter } from './operation.js';

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

/**
 * ColorJitter's hue: RGB to 8-bit HSV, the hue byte shifted round a circle of 256, and back. The quotients by 255 come
 * from a product with its reciprocal: at most 257, and always half a unit of the numerator away from a whole number.
 * `x * y / 65025` is split in two such steps. The one true division, by the largest channel, has the same margin, which
 * is more than 20 times what a GPU's division may be off.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_hue`.
 */
export const hue: PointOperation = {
  name: 'hue',
  source: `
    const largest = Math.max(r, Math.max(g, b));
    const chroma = largest - Math.min(r, Math.min(g, b));
    const difference = r === largest ? g - b : (g === largest ? b - r : r - g);
    const branch = r === largest ? 0 : (g === largest ? 65536 : 131072);
    const sector = sectors[hues[branch + chroma * chroma + chroma + difference] + program[z][${parameter.hue}]];
    const sixth = Math.floor(sector * 0.00390625);
    const weight = sector - sixth * 256;
    const saturated = Math.floor((255 * chroma + 0.5) / Math.max(largest, 1));
    const least = Math.floor((largest * (255 - saturated) + 127.5) * 0.00392156862745098);
    const share = 65025 - saturated * weight;
    const shareHigh = Math.floor((share + 0.5) * 0.00392156862745098);
    const shareLow = share - shareHigh * 255;
    const carried = Math.floor((largest * shareLow + 32512.5) * 0.00392156862745098);
    const between = Math.floor((largest * shareHigh + carried + 0.5) * 0.00392156862745098);
    const fromRed = Math.abs(sixth - 2.5);
    const fromGreen = Math.abs(sixth - 1.5);
    const fromBlue = Math.abs(sixth - 3.5);
    r = fromRed > 2 ? largest : (fromRed > 1 ? between : least);
    g = fromGreen < 1 ? largest : (fromGreen < 2 ? between : least);
    b = fromBlue < 1 ? largest : (fromBlue < 2 ? between : least);`,
  prepare({ hue }, { program }) {
    program[parameter.hue] = Math.trunc(255 * hue!) & 255;
  },
};
