import type { Interpolation } from '../../src/sample/draw.js';
import type { ResizeCase } from './cases.js';

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

/** Rows for columns. */
export function transpose(data: Uint8Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) out[(x * height + y) * 3 + c] = data[(y * width + x) * 3 + c]!;
  return out;
}
