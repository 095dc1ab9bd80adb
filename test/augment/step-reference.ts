import { blurWeights } from '../../src/augment/blur-weights.js';
import type { DrawStep, Interpolation } from '../../src/sample/draw.js';
import { transpose } from './resize-reference.js';

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

const clip = (x: number) => Math.max(0, Math.min(255, x));

/** Geometry.c with the filters of its RGB images; `m` takes output to input. */
function affine(data: Uint8Array, size: number, m: readonly number[], interpolation: Interpolation): Uint8Array {
  const [a0, a1, a2, a3, a4, a5] = m as [number, number, number, number, number, number];
  const out = new Uint8Array(data.length);
  const edge = (x: number) => Math.max(0, Math.min(size - 1, x));
  const value = (x: number, y: number, c: number) => data[(edge(y) * size + edge(x)) * 3 + c]!;
  const fixed = (v: number) => Math.floor(v * 65536 + 0.5);
  const cubic = (v1: number, v2: number, v3: number, v4: number, d: number) =>
    v2 + d * (v3 - v1 + d * (2 * (v1 - v2) + v3 - v4 + d * (v2 - v1 - v3 + v4)));
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      let xin = a0 * (x + 0.5) + a1 * (y + 0.5) + a2;
      let yin = a3 * (x + 0.5) + a4 * (y + 0.5) + a5;
      if (interpolation === 'NEAREST' && (a1 !== 0 || a3 !== 0)) {
        xin = (fixed(a2 + a0 * 0.5 + a1 * 0.5) + y * fixed(a1) + x * fixed(a0)) / 65536;
        yin = (fixed(a5 + a3 * 0.5 + a4 * 0.5) + y * fixed(a4) + x * fixed(a3)) / 65536;
      }
      if (xin < 0 || xin >= size || yin < 0 || yin >= size) continue;
      const [fx, fy] = [Math.floor(xin - 0.5), Math.floor(yin - 0.5)];
      const [dx, dy] = [xin - 0.5 - fx, yin - 0.5 - fy];
      for (let c = 0; c < 3; c++) {
        const at = (y * size + x) * 3 + c;
        if (interpolation === 'NEAREST') out[at] = value(Math.floor(xin), Math.floor(yin), c);
        else if (interpolation === 'BILINEAR') {
          const row = (r: number) => value(fx, r, c) + (value(fx + 1, r, c) - value(fx, r, c)) * dx;
          out[at] = Math.trunc(row(fy) + (row(fy + 1) - row(fy)) * dy);
        } else {
          const row = (r: number) =>
            cubic(value(fx - 1, r, c), value(fx, r, c), value(fx + 1, r, c), value(fx + 2, r, c), dx);
          out[at] = Math.trunc(clip(cubic(row(fy - 1), row(fy), row(fy + 1), row(fy + 2), dy)));
        }
      }
    }
  return out;
}

/** PIL.Image.rotate: quarter turns by moving pixels, else a matrix rounded to 15 decimals. */
function rotate(data: Uint8Array, size: number, degrees: number, interpolation: Interpolation): Uint8Array {
  const angle = ((degrees % 360) + 360) % 360;
  let out = data;
  if (angle % 90 === 0) {
    // counter-clockwise is a transposition and a mirror from top to bottom
    for (let turns = angle / 90; turns > 0; turns--) {
      const turned = transpose(out, size, size);
      out = Uint8Array.from(turned, (_, i) => {
        const row = Math.floor(i / (size * 3));
        return turned[(size - 1 - row) * size * 3 + (i % (size * 3))]!;
      });
    }
    return out;
  }
  const turn = -((angle * Math.PI) / 180);
  const round = (x: number) => Number(x.toFixed(15));
  const [cos, sin, minus] = [round(Math.cos(turn)), round(Math.sin(turn)), round(-Math.sin(turn))];
  const half = size / 2;
  const m = [cos, sin, cos * -half + sin * -half + half, minus, cos, minus * -half + cos * -half + half];
  return affine(data, size, m, interpolation);
}

function smooth(data: Uint8Array, size: number, i: number): number {
  const [c, x, y] = [i % 3, Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
  if (x === 0 || y === 0 || x === size - 1 || y === size - 1) return data[i]!;
  let sum = 4 * data[i]!;
  for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) sum += data[((y + dy) * size + x + dx) * 3 + c]!;
  return Math.floor((2 * sum + 13) / 26);
}

/** A table per channel of each channel's histogram. */
function byTables(data: Uint8Array, table: (counts: readonly number[]) => readonly number[] | null): Uint8Array {
  const tables = [0, 1, 2].map((c) => {
    const counts = new Array<number>(256).fill(0);
    for (let i = c; i < data.length; i += 3) counts[data[i]!]!++;
    return table(counts);
  });
  return Uint8Array.from(data, (x, i) => tables[i % 3]?.[x] ?? x);
}

function autocontrast(counts: readonly number[]): number[] | null {
  const low = counts.findIndex((n) => n > 0);
  const high = counts.findLastIndex((n) => n > 0);
  if (high <= low) return null;
  const scale = 255 / (high - low);
  return counts.map((_, x) => clip(Math.trunc(x * scale + -low * scale)));
}

function equalize(counts: readonly number[]): number[] | null {
  const filled = counts.filter((n) => n > 0);
  const step = Math.floor((filled.reduce((a, b) => a + b, 0) - filled.at(-1)!) / 255);
  if (filled.length <= 1 || step === 0) return null;
  let n = Math.floor(step / 2);
  return counts.map((count) => {
    const entry = clip(Math.floor(n / step));
    n += count;
    return entry;
  });
}

/** Blends every level with what `degenerate` has in its place. */
function blended(image: Uint8Array, factor: number, degenerate: (i: number) => number): Uint8Array {
  return image.map((x, i) => blend(degenerate(i), x, factor));
}

function greyAt(image: Uint8Array, i: number): number {
  const pixel = i - (i % 3);
  return luma(image[pixel]!, image[pixel + 1]!, image[pixel + 2]!);
}

/** What Pillow and torchvision make of one image, `[size, size, 3]`, in one step. */
export function stepReference(image: Uint8Array, size: number, step: DrawStep): Uint8Array {
  switch (step.op) {
    case 'resize':
      throw new Error('resize-reference.ts has the resize');
    case 'brightness':
      return blended(image, step.factor, () => 0);
    case 'contrast': {
      const mean = meanGrey(image);
      return blended(image, step.factor, () => mean);
    }
    case 'saturation':
      return blended(image, step.factor, (i) => greyAt(image, i));
    case 'sharpness':
      return blended(image, step.factor, (i) => smooth(image, size, i));
    case 'hue': {
      const turned = image.slice();
      each(turned, (r, g, b) => {
        const [h, s, v] = rgbToHsv(r, g, b);
        return hsvToRgb((h + (Math.trunc(step.turns * 255) & 255)) & 255, s, v);
      });
      return turned;
    }
    case 'grayscale':
      return image.map((_, i) => greyAt(image, i));
    case 'gaussianBlur': {
      const blurred = image.slice();
      blur(blurred, size, step.sigma);
      return blurred;
    }
    case 'solarize':
      return image.map((x) => (x < step.threshold ? x : 255 - x));
    case 'posterize':
      return image.map((x) => x & ~(2 ** (8 - step.bits) - 1));
    case 'invert':
      return image.map((x) => 255 - x);
    case 'autocontrast':
      return byTables(image, autocontrast);
    case 'equalize':
      return byTables(image, equalize);
    case 'shearX':
      return affine(image, size, [1, tangent(step.magnitude), 0, 0, 1, 0], step.interpolation);
    case 'shearY':
      return affine(image, size, [1, 0, 0, tangent(step.magnitude), 1, 0], step.interpolation);
    case 'translateX':
      return affine(image, size, [1, 0, -Math.trunc(step.magnitude), 0, 1, 0], step.interpolation);
    case 'translateY':
      return affine(image, size, [1, 0, 0, 0, 1, -Math.trunc(step.magnitude)], step.interpolation);
    case 'rotate':
      return rotate(image, size, step.magnitude, step.interpolation);
  }
}

// torchvision goes through degrees.
function tangent(magnitude: number): number {
  return Math.tan((((Math.atan(magnitude) * 180) / Math.PI) * Math.PI) / 180);
}

/** A batch, `[n, size, size, 3]`, as every backend must make it. */
export function reference(pixels: Uint8Array, size: number, lists: readonly (readonly DrawStep[])[]): Uint8Array {
  const expected = pixels.slice();
  const length = size * size * 3;
  for (const [z, steps] of lists.entries()) {
    const image = expected.subarray(z * length, (z + 1) * length);
    for (const step of steps) image.set(stepReference(image, size, step));
  }
  return expected;
}
