import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimdKernels } from '../src/augment/simd.js';
import { decodeCrop } from '../src/decode/decode-crop.js';
import { cutView, decodeUnion } from '../src/decode/decode-union.js';
import { probe } from '../src/decode/probe.js';
import { defaultLimits } from '../src/run/limits.js';
import { recipes } from '../src/run/recipes.js';
import type { Knobs } from '../src/run/run.js';
import type { Draw, SampleDraw } from '../src/sample/draw.js';
import { drawEvaluation } from '../src/sample/draw-evaluation.js';
import { type Drawing, drawSample } from '../src/sample/draw-sample.js';
import { drawTrain } from '../src/sample/draw-train.js';

/** What decides a sample's pixels beside its file. */
export interface SampleRequest {
  readonly split: 'train' | 'val';
  readonly seed: number;
  readonly size: number;
  /** The shorter side that evaluation resizes to; `size` where absent. */
  readonly resizeSize?: number;
  readonly knobs: Knobs;
}

/** A row of a vectors' index.json. */
export interface Vector {
  readonly name: string;
  readonly image: string;
  readonly recipe: string;
  readonly seed: number;
  readonly size: number;
  readonly split: 'train' | 'val';
  readonly sha256: string;
  readonly erase: readonly [number, number, number, number] | null;
  readonly blurred: boolean;
  readonly expected?: string;
  readonly overrides?: Partial<Knobs>;
}

/** Computes one sample as a batch would hold it: uint8 RGB, `[size, size, 3]`, and what was drawn. */
export async function samplePixels(
  kernels: SimdKernels,
  file: Uint8Array,
  { split, seed, size, resizeSize = size, knobs }: SampleRequest,
): Promise<{ pixels: Uint8Array; draw: Draw }> {
  const image = await probe(file, defaultLimits);
  const draw =
    split === 'train'
      ? drawTrain(seed, image, size, knobs)
      : drawEvaluation(image, resizeSize, size, knobs.interpolation);
  const crop = await decodeCrop(file, draw.geometry.crop, defaultLimits);
  const pixels = new Uint8Array(size * size * 3);
  kernels.run(crop, draw, pixels);
  return { pixels, draw };
}

/** Computes all views of one sample as a batch would hold them: uint8 RGB, `[size, size, 3]` each, and what was drawn. */
export async function viewPixels(
  kernels: SimdKernels,
  file: Uint8Array,
  seed: number,
  drawing: Drawing,
): Promise<{ pixels: Uint8Array[]; draw: SampleDraw }> {
  const image = await probe(file, defaultLimits);
  const draw = drawSample(seed, image, drawing);
  const whole = await decodeUnion(draw, image, (box) => decodeCrop(file, box, defaultLimits));
  kernels.applyToWhole(whole.crop, draw.shared);
  const sizes = drawing.views.flatMap(({ size, knobs }) => knobs.map(() => size));
  const pixels = draw.views.map((view, i) => {
    const out = new Uint8Array(sizes[i]! ** 2 * 3);
    kernels.run(cutView(whole, view.geometry.crop), view, out);
    return out;
  });
  return { pixels, draw };
}

/** The vectors of a folder, each with its resolved knobs. */
export function readVectors(folder: string): (Vector & { readonly knobs: Knobs })[] {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  return index.samples.map((vector: Vector) => {
    const { knobs } = recipes.find(({ name }) => name === vector.recipe)!;
    return { ...vector, knobs: { ...knobs, ...index.recipes[vector.recipe], ...vector.overrides } };
  });
}

/** The values that differ between two images of one size: how many, and by how much at most. */
export function difference(ours: Uint8Array, theirs: Uint8Array): { count: number; most: number } {
  if (ours.length !== theirs.length) return { count: Math.max(ours.length, theirs.length), most: 255 };
  let count = 0;
  let most = 0;
  for (let i = 0; i < ours.length; i++) {
    const apart = Math.abs(ours[i]! - theirs[i]!);
    if (apart > 0) count++;
    if (apart > most) most = apart;
  }
  return { count, most };
}

/**
 * Whether a difference is within the promise: none, or after a blur one level in at most 0.3 % of the values. Of an image
 * below 96 x 96 that would be a handful of values; there it is 0.3 % of 96 x 96.
 */
export function isWithinPromise({ count, most }: { count: number; most: number }, values: number, blurred: boolean) {
  return count === 0 || (blurred && most <= 1 && count <= 0.003 * Math.max(values, 96 * 96 * 3));
}
