import { blurWeights } from '../../src/augment/blur-weights.js';
import type { PhotometricDraw } from '../../src/augment/gpu/program.js';

const { fround } = Math;

// Pillow's own steps, one pixel at a time, in the types that C gives them. Slow, and written from Pillow's sources alone.

/** Convert.c, `L24`. */
export function luma(r: number, g: number, b: number): number {
  return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
}

/** Blend.c, `ImagingBlend`. */
function blend(d: number, x: number, factor: number): number {
  const value = fround(d + fround(fround(factor) * (x - d)));
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
}

/** Convert.c, `rgb2hsv_row`. */
export function rgbToHsv(r: number, g: number, b: number): [number, number, number] {
  const max = Math.max(r, g, b);
  const min = Math.min(r, g, b);
  if (max === min) return [0, 0, max];
  const c = max - min;
  const [rc, gc, bc] = [fround((max - r) / c), fround((max - g) / c), fround((max - b) / c)];
  const sector = r === max ? fround(bc - gc) : g === max ? fround(2 + rc - bc) : fround(4 + gc - rc);
  const h = fround((sector / 6 + 1) % 1);
  return [Math.trunc(h * 255), Math.trunc(fround(c / max) * 255), max];
}

/** Convert.c, `hsv2rgb`. */
export function hsvToRgb(h: number, s: number, v: number): [number, number, number] {
  if (s === 0) return [v, v, v];
  const round = (x: number) => Math.floor(x + 0.5);
  const turn = (h * 6) / 255;
  const i = Math.floor(turn);
  const f = fround(turn - i);
  const fs = fround(s / 255);
  const p = round(v * (1 - fs));
  const q = round(v * (1 - fround(fs * f)));
  const t = round(v * (1 - fs * (1 - f)));
  return [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ][i % 6] as [number, number, number];
}

type Point = (r: number, g: number, b: number) => readonly [number, number, number];

function each(image: Uint8Array, point: Point): void {
  for (let i = 0; i < image.length; i += 3) image.set(point(image[i]!, image[i + 1]!, image[i + 2]!), i);
}

function meanGrey(image: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < image.length; i += 3) sum += luma(image[i]!, image[i + 1]!, image[i + 2]!);
  return Math.floor(sum / (image.length / 3) + 0.5);
}

/** The blur that all backends agree on, in whole numbers below 2^53. */
function blur(image: Uint8Array, size: number, sigma: number): void {
  const weights = blurWeights(sigma);
  const reflect = (i: number) => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
  const across = new Float64Array(image.length);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let j = -4; j <= 4; j++) sum += weights[j + 4]! * image[(y * size + reflect(x + j)) * 3 + c]!;
        across[(y * size + x) * 3 + c] = sum;
      }
  for (let y = 0; y < size; y++)
    for (let i = 0; i < size * 3; i++) {
      let sum = 0;
      for (let j = -4; j <= 4; j++) sum += weights[j + 4]! * across[reflect(y + j) * size * 3 + i]!;
      image[y * size * 3 + i] = Math.floor((sum + 2 ** 31) / 2 ** 32);
    }
}

/** One image, `[size, size, 3]`, changed in place as `draw` says. */
function applyReference(image: Uint8Array, size: number, draw: PhotometricDraw): void {
  const { jitter } = draw;
  for (const place of jitter?.order ?? []) {
    if (place === 0 && jitter!.brightness !== null)
      each(image, (r, g, b) => [r, g, b].map((x) => blend(0, x, jitter!.brightness!)) as [number, number, number]);
    if (place === 1 && jitter!.contrast !== null) {
      const mean = meanGrey(image);
      each(image, (r, g, b) => [r, g, b].map((x) => blend(mean, x, jitter!.contrast!)) as [number, number, number]);
    }
    if (place === 2 && jitter!.saturation !== null)
      each(image, (r, g, b) => {
        const grey = luma(r, g, b);
        return [r, g, b].map((x) => blend(grey, x, jitter!.saturation!)) as [number, number, number];
      });
    if (place === 3 && jitter!.hue !== null)
      each(image, (r, g, b) => {
        const [h, s, v] = rgbToHsv(r, g, b);
        return hsvToRgb((h + (Math.trunc(jitter!.hue! * 255) & 255)) & 255, s, v);
      });
  }
  if (draw.grayscale)
    each(image, (r, g, b) => {
      const grey = luma(r, g, b);
      return [grey, grey, grey];
    });
  if (draw.blur !== null) blur(image, size, draw.blur);
  if (draw.solarize) for (let i = 0; i < image.length; i++) if (image[i]! >= 128) image[i]! = 255 - image[i]!;
}

/** A batch, `[n, size, size, 3]`, as every backend must make it. */
export function reference(pixels: Uint8Array, size: number, draws: readonly PhotometricDraw[]): Uint8Array {
  const expected = pixels.slice();
  const length = size * size * 3;
  for (const [z, draw] of draws.entries()) applyReference(expected.subarray(z * length, (z + 1) * length), size, draw);
  return expected;
}
