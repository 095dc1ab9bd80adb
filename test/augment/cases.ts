import type { Part } from '../../src/augment/backend.js';
import type { Draw, DrawStep, DrawStepOf, Geometry, Interpolation, OperationName } from '../../src/sample/draw.js';

/** The geometry that takes an image of this size as it is. */
export function whole(size: number): Geometry {
  const box = { top: 0, left: 0, height: size, width: size };
  return { crop: box, width: size, height: size, window: box, interpolation: 'BICUBIC', hflip: false, vflip: false };
}

/** A draw that changes nothing, with `changes` made to it. */
export function draw(changes: Partial<Draw>): Draw {
  return { geometry: whole(1), steps: [], erase: null, ...changes };
}

/** All images of a batch, in order. */
export function partsOf(lists: readonly (readonly DrawStep[])[]): Part[] {
  return lists.map((steps, slot) => ({ slot, steps }));
}

/** The filters of a resize. */
export const interpolations = ['NEAREST', 'BILINEAR', 'BICUBIC'] as const;

type Cases = { readonly [Name in OperationName]: readonly DrawStepOf<Name>[] };

/** What each operation may be given: RandAugment's magnitudes, AutoAugment's, ColorJitter's, and the edges of its own rules. */
export const stepCases: Cases = {
  brightness: factors().map((factor) => ({ op: 'brightness', factor })),
  contrast: factors().map((factor) => ({ op: 'contrast', factor })),
  saturation: factors().map((factor) => ({ op: 'saturation', factor })),
  sharpness: factors().map((factor) => ({ op: 'sharpness', factor })),
  hue: [-0.5, -0.1, -0.003, 0, 0.0831, 0.5].map((x) => ({ op: 'hue', turns: Math.fround(x) })),
  grayscale: [{ op: 'grayscale' }],
  gaussianBlur: [0.1, 0.25, 0.3, 0.55, 0.83, 1.1, 2, 5, 50].map((x) => ({
    op: 'gaussianBlur',
    sigma: Math.fround(x),
  })),
  solarize: [255, 178.5, 226.66666, 141.66667, 128, 56.666668, 28.333334, 1, 0.5, 0, 256].map((threshold) => ({
    op: 'solarize',
    threshold,
  })),
  posterize: [8, 7, 6, 5, 4, 1, 0].map((bits) => ({ op: 'posterize', bits })),
  // What changes the size has cases of its own.
  resize: [],
  invert: [{ op: 'invert' }],
  autocontrast: [{ op: 'autocontrast' }],
  equalize: [{ op: 'equalize' }],
  shearX: affine(
    'shearX',
    [0.09000000357627869, -0.09000000357627869, 0.13333334028720856, -0.13333334028720856, 0, 0.3],
  ),
  shearY: affine(
    'shearY',
    [0.09000000357627869, -0.09000000357627869, 0.13333334028720856, -0.13333334028720856, 0, -0.3],
  ),
  translateX: affine('translateX', [30.4, -30.4, 3, -3, 0.9, 0, 1000]),
  translateY: affine('translateY', [30.4, -30.4, 3, -3, -0.9, 0, -1000]),
  rotate: affine(
    'rotate',
    [9, -9, 26.666667938232422, -26.666667938232422, 30, -30, 3.3333334922790527, 0, 90, -90, 180, 270, 360, -135],
  ),
};

// Functions, so that they stand below the table they serve.
function factors(): number[] {
  const policy = [
    0.26999998092651367, -0.26999998092651367, 0.8999999761581421, -0.8999999761581421, 0.4, -0.1, 0, -1, 1.5,
  ];
  return [...policy.map((magnitude) => 1 + magnitude), ...[0.6, 1.3999, 3.7].map(Math.fround)];
}

function affine<Name extends OperationName>(op: Name, magnitudes: readonly number[]) {
  return magnitudes.flatMap((magnitude) => interpolations.map((interpolation) => ({ op, magnitude, interpolation })));
}

/** Every operation's cases, one list of one step each. */
export const singles: readonly (readonly DrawStep[])[] = Object.values(stepCases).flatMap(
  (steps: readonly DrawStep[]) => steps.map((step) => [step]),
);

/** Numbers in [0, 1) that a seed decides. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.imul(state ^ (state >>> 15), 2654435761) >>> 0) / 2 ** 32;
  };
}

/** ColorJitter, grey, blur and solarize with every choice open, in the ranges of the recipes and a little beyond. */
export function randomSteps(next: () => number): DrawStep[] {
  const order = [0, 1, 2, 3];
  for (let i = 3; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const between = (low: number, high: number) => Math.fround(low + (high - low) * next());
  const jitter: readonly DrawStep[] = [
    { op: 'brightness', factor: between(0.4, 1.6) },
    { op: 'contrast', factor: between(0.4, 1.6) },
    { op: 'saturation', factor: between(0.2, 1.8) },
    { op: 'hue', turns: between(-0.2, 0.2) },
  ];
  const steps = next() < 0.9 ? order.filter(() => next() < 0.85).map((place) => jitter[place]!) : [];
  if (next() < 0.25) steps.push({ op: 'grayscale' });
  if (next() < 0.5) steps.push({ op: 'gaussianBlur', sigma: between(0.1, 2.5) });
  if (next() < 0.3) steps.push({ op: 'solarize', threshold: 128 });
  return steps;
}

/** Any operations in any order, of every case. */
export function anySteps(next: () => number, most: number): DrawStep[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const length = Math.floor(next() * (most + 1));
  const cases: readonly (readonly DrawStep[])[] = Object.values(stepCases).filter((steps) => steps.length > 0);
  return Array.from({ length }, () => pick(pick(cases)));
}

/** Images, half of them noise and half gradients with noise in the low bits, `[n, size, size, 3]`. */
export function randomImages(n: number, size: number, next: () => number): Uint8Array {
  const pixels = new Uint8Array(n * size * size * 3);
  let i = 0;
  for (let z = 0; z < n; z++) {
    const [a, b, c] = [next() * 255, (next() - 0.5) * 400, (next() - 0.5) * 400];
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size * 3; x++)
        pixels[i++] =
          z % 2 === 0
            ? next() * 256
            : Math.max(0, Math.min(255, a + (b * x) / size / 3 + (c * y) / size + next() * 8 + (x % 3) * 20));
  }
  return pixels;
}

/** A resize of `width` x `height` to `to`, of which the square at (`left`, `top`) is kept. */
export interface ResizeCase {
  readonly width: number;
  readonly height: number;
  readonly to: readonly [number, number];
  readonly left: number;
  readonly top: number;
  readonly size: number;
  readonly hflip: boolean;
  readonly vflip: boolean;
  readonly interpolation: Interpolation;
}

/** The draw of a resize alone. */
export function resizeDraw({ width, height, to, left, top, size, ...rest }: ResizeCase): Draw {
  const { hflip, vflip, interpolation } = rest;
  const crop = { top: 0, left: 0, height, width };
  const window = { top, left, height: size, width: size };
  return draw({ geometry: { crop, width: to[0], height: to[1], window, interpolation, hflip, vflip } });
}

/** Noise, smooth areas and flat ones, in an image of any shape. */
export function scene(width: number, height: number, next: () => number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  const kind = Math.floor(next() * 4);
  const slopes = Array.from({ length: 6 }, () => (next() - 0.3) * 400);
  for (let i = 0; i < pixels.length; i++) {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    const ramp = slopes[i % 3]! * (x / width) + slopes[3 + (i % 3)]! * (y / height) + 60;
    if (kind === 0) pixels[i] = next() * 256;
    else if (kind === 1) pixels[i] = Math.max(0, Math.min(255, ramp + next() * 6));
    else if (kind === 2) pixels[i] = Math.floor(x / 9 + y / 7) % 2 === 0 ? 255 * next() : 40 + (i % 3) * 70;
    else pixels[i] = 17 + (i % 3) * 100;
  }
  return pixels;
}

/**
 * Pictures that are constant along an axis, in whole or in part, on which a blur's sums lie on a half in whole rows: in turn bars
 * of either direction, a letterboxed scene, and a drawing of flat rectangles.
 */
export function flatPicture(kind: number, size: number, next: () => number): Uint8Array {
  const pixels = kind % 4 === 2 ? scene(size, size, next) : new Uint8Array(size * size * 3);
  const below = (most: number) => Math.floor(next() * most);
  const fill = (top: number, left: number, height: number, width: number) => {
    const colour = next() < 0.5 ? Array(3).fill(255 * below(2)) : [below(256), below(256), below(256)];
    for (let y = top; y < Math.min(size, top + height); y++)
      for (let x = left; x < Math.min(size, left + width); x++) pixels.set(colour, (y * size + x) * 3);
  };
  if (kind % 4 === 2) {
    const band = 1 + below(size / 3);
    fill(0, 0, band, size);
    fill(size - band, 0, band, size);
  } else if (kind % 4 === 3) {
    for (let i = 0; i < 12; i++) fill(below(size), below(size), 1 + below(size / 2), 1 + below(size / 2));
  } else {
    for (let at = 0, width = 0; at < size; at += width) {
      width = 1 + below(1 + below(12));
      if (kind % 4 === 0) fill(0, at, size, width);
      else fill(at, 0, width, size);
    }
  }
  return pixels;
}

/** Where and how much two batches differ, for a message. */
export function difference(came: Uint8Array, expected: Uint8Array, size: number): string | undefined {
  const first = came.findIndex((byte, i) => byte !== expected[i]);
  if (first < 0) return came.length === expected.length ? undefined : 'other lengths';
  const count = came.filter((byte, i) => byte !== expected[i]).length;
  const image = Math.floor(first / (size * size * 3));
  return `${count} bytes, first ${came[first]} for ${expected[first]} at ${first} (image ${image})`;
}
