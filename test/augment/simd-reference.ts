import type { Geometry, PolicyName } from '../../src/sample/draw.js';
import type { ResizeCase } from './simd-cases.js';

type Interpolation = Geometry['interpolation'];
const clip = (x: number) => Math.max(0, Math.min(255, x));

/** Resample.c and ScaleAffine in Geometry.c, one value at a time; BigInt-free, since every sum stays below 2^53. */
export function resizeReference(data: Uint8Array, each: ResizeCase): Uint8Array {
  const { width, height, to, left, top, size, hflip, vflip, interpolation } = each;
  const full =
    interpolation === 'NEAREST'
      ? nearest(data, width, height, to)
      : transpose(
          pass(
            transpose(pass(data, width, height, to[0], interpolation), to[0], height),
            height,
            to[0],
            to[1],
            interpolation,
          ),
          to[1],
          to[0],
        );
  const out = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const row = top + (vflip ? size - 1 - y : y);
      const column = left + (hflip ? size - 1 - x : x);
      for (let c = 0; c < 3; c++) out[(y * size + x) * 3 + c] = full[(row * to[0] + column) * 3 + c]!;
    }
  return out;
}

function nearest(data: Uint8Array, width: number, height: number, to: readonly [number, number]): Uint8Array {
  const out = new Uint8Array(to[0] * to[1] * 3);
  let yo = (height / to[1]) * 0.5;
  for (let y = 0; y < to[1]; y++, yo += height / to[1]) {
    let xo = (width / to[0]) * 0.5;
    for (let x = 0; x < to[0]; x++, xo += width / to[0])
      for (let c = 0; c < 3; c++)
        out[(y * to[0] + x) * 3 + c] = data[(Math.floor(yo) * width + Math.floor(xo)) * 3 + c]!;
  }
  return out;
}

function kernel(x: number, interpolation: Interpolation): number {
  const z = Math.abs(x);
  if (interpolation === 'BILINEAR') return z < 1 ? 1 - z : 0;
  if (z < 1) return (1.5 * z - 2.5) * z * z + 1;
  return z < 2 ? (((z - 5) * z + 8) * z - 4) * -0.5 : 0;
}

function pass(
  data: Uint8Array,
  width: number,
  height: number,
  output: number,
  interpolation: Interpolation,
): Uint8Array {
  if (width === output) return data;
  const out = new Uint8Array(output * height * 3);
  const scale = width / output;
  const stretch = Math.max(1, scale);
  const support = (interpolation === 'BILINEAR' ? 1 : 2) * stretch;
  for (let x = 0; x < output; x++) {
    const centre = (x + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(width, Math.trunc(centre + support + 0.5));
    const weights: number[] = [];
    let sum = 0;
    for (let k = first; k < end; k++) {
      weights.push(kernel((k - centre + 0.5) * (1 / stretch), interpolation));
      sum += weights.at(-1)!;
    }
    const fixed = weights.map((w) => Math.trunc((w / sum) * 2 ** 22 + (w / sum < 0 ? -0.5 : 0.5)));
    for (let y = 0; y < height; y++)
      for (let c = 0; c < 3; c++) {
        const total = fixed.reduce((t, w, k) => t + w * data[(y * width + first + k) * 3 + c]!, 2 ** 21);
        out[(y * output + x) * 3 + c] = clip(Math.floor(total / 2 ** 22));
      }
  }
  return out;
}

function transpose(data: Uint8Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) out[(x * height + y) * 3 + c] = data[(y * width + x) * 3 + c]!;
  return out;
}

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

const grey = (r: number, g: number, b: number) => (r * 19595 + g * 38470 + b * 7471 + 32768) >> 16;

function blended(data: Uint8Array, factor: number, degenerate: (i: number) => number): Uint8Array {
  return Uint8Array.from(data, (x, i) => {
    const d = degenerate(i);
    return Math.trunc(clip(Math.fround(d + Math.fround(Math.fround(factor) * (x - d)))));
  });
}

function greyOf(data: Uint8Array, i: number): number {
  const pixel = i - (i % 3);
  return grey(data[pixel]!, data[pixel + 1]!, data[pixel + 2]!);
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

/** torchvision's `_apply_op` on one image, `[size, size, 3]`. */
export function policyReference(
  data: Uint8Array,
  size: number,
  name: PolicyName,
  magnitude: number,
  interpolation: Interpolation,
): Uint8Array {
  const tangent = Math.tan((((Math.atan(magnitude) * 180) / Math.PI) * Math.PI) / 180);
  const factor = 1 + magnitude;
  const operations: Record<PolicyName, () => Uint8Array> = {
    Identity: () => data,
    ShearX: () => affine(data, size, [1, tangent, 0, 0, 1, 0], interpolation),
    ShearY: () => affine(data, size, [1, 0, 0, tangent, 1, 0], interpolation),
    TranslateX: () => affine(data, size, [1, 0, -Math.trunc(magnitude), 0, 1, 0], interpolation),
    TranslateY: () => affine(data, size, [1, 0, 0, 0, 1, -Math.trunc(magnitude)], interpolation),
    Rotate: () => rotate(data, size, magnitude, interpolation),
    Brightness: () => blended(data, factor, () => 0),
    Color: () => blended(data, factor, (i) => greyOf(data, i)),
    Contrast: () => {
      let sum = 0;
      for (let i = 0; i < data.length; i += 3) sum += greyOf(data, i);
      const mean = Math.trunc(sum / (size * size) + 0.5);
      return blended(data, factor, () => mean);
    },
    Sharpness: () => blended(data, factor, (i) => smooth(data, size, i)),
    Posterize: () => data.map((x) => x & ~(2 ** (8 - Math.trunc(magnitude)) - 1)),
    Solarize: () => data.map((x) => (x < magnitude ? x : 255 - x)),
    AutoContrast: () => byTables(data, autocontrast),
    Equalize: () => byTables(data, equalize),
    Invert: () => data.map((x) => 255 - x),
  };
  return operations[name]();
}
