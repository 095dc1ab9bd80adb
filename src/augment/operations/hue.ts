import type { Operation } from './operation.js';

const shiftOf = (turns: number) => Math.trunc(turns * 255) & 255;

/**
 * RGB to 8-bit HSV, the hue byte shifted round a circle of 256, and back: the shift is whole 255ths of a turn. On gpu.js the
 * quotients by 255 come from a product with its reciprocal: at most 257, and always half a unit of the numerator away from a whole number.
 * `x * y / 65025` is split in two such steps. The one true division, by the largest channel, has the same margin, which
 * is more than 20 times what a GPU's division may be off.
 *
 * Source: torchvision/transforms/functional_pil.py, `adjust_hue`.
 */
export const hue: Operation<'hue'> = {
  simd: (image, { turns }) => image.onPlanes('adjustHue', shiftOf(turns)),
  gpu: {
    kind: 'pixel',
    source: `
    const largest = Math.max(r, Math.max(g, b));
    const chroma = largest - Math.min(r, Math.min(g, b));
    const difference = r === largest ? g - b : (g === largest ? b - r : r - g);
    const branch = r === largest ? 0 : (g === largest ? 65536 : 131072);
    const sector = sectors[hues[branch + chroma * chroma + chroma + difference] + parameter];
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
    parameter: ({ turns }) => shiftOf(turns),
  },
};
