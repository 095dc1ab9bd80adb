import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimdKernels } from '../src/augment/simd.js';
import type { Crop } from '../src/decode/crop.js';
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
import { uncertainValues } from './near-half.js';

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

/** A sample as a batch would hold it. */
export interface Sample {
  /** uint8 RGB, `[size, size, 3]`. */
  readonly pixels: Uint8Array;
  readonly draw: Draw;
  /** Where `pixels` and torchvision's are apart. */
  apartFrom(theirs: Uint8Array): Apart;
}

/** How many values differ, by how much at most, and how many of these the promise has no room for. */
export interface Apart {
  readonly count: number;
  readonly most: number;
  readonly outside: number;
}

/** Computes one sample. */
export async function samplePixels(
  kernels: SimdKernels,
  file: Uint8Array,
  { split, seed, size, resizeSize = size, knobs }: SampleRequest,
): Promise<Sample> {
  const image = await probe(file, defaultLimits);
  const draw =
    split === 'train'
      ? drawTrain(seed, image, size, knobs)
      : drawEvaluation(image, resizeSize, size, knobs.interpolation);
  const crop = await decodeCrop(file, draw.geometry.crop, defaultLimits);
  return madeFrom(kernels, crop, draw, size);
}

/** Computes all views of one sample as a batch would hold them: uint8 RGB, `[size, size, 3]` each, and what was drawn. */
export async function viewPixels(
  kernels: SimdKernels,
  file: Uint8Array,
  seed: number,
  drawing: Drawing,
): Promise<{ samples: Sample[]; draw: SampleDraw }> {
  const image = await probe(file, defaultLimits);
  const draw = drawSample(seed, image, drawing);
  const whole = await decodeUnion(draw, image, (box) => decodeCrop(file, box, defaultLimits));
  kernels.applyToWhole(whole.crop, draw.shared);
  const sizes = drawing.views.flatMap(({ size, knobs }) => knobs.map(() => size));
  const samples = draw.views.map((view, i) => madeFrom(kernels, cutView(whole, view.geometry.crop), view, sizes[i]!));
  return { samples, draw };
}

function madeFrom(kernels: SimdKernels, crop: Crop, draw: Draw, size: number): Sample {
  const pixels = new Uint8Array(size * size * 3);
  kernels.run(crop, draw, pixels);
  const apartFrom = (theirs: Uint8Array) => apart(pixels, theirs, () => uncertainValues(kernels, crop, draw, size));
  return { pixels, draw, apartFrom };
}

/**
 * Compares two images of one size value by value. The promise: equal, or, where `uncertain` has a 1, one level apart.
 *
 * @param uncertain asked only where a value differs.
 */
export function apart(ours: Uint8Array, theirs: Uint8Array, uncertain: () => Uint8Array): Apart {
  const length = Math.max(ours.length, theirs.length);
  if (ours.length !== theirs.length) return { count: length, most: 255, outside: length };
  const differs = [...ours.keys()].filter((i) => ours[i] !== theirs[i]);
  if (differs.length === 0) return { count: 0, most: 0, outside: 0 };
  const may = uncertain();
  const levels = differs.map((i) => Math.abs(ours[i]! - theirs[i]!));
  const outside = differs.filter((i, k) => levels[k]! > 1 || may[i] === 0).length;
  return { count: differs.length, most: levels.reduce((most, level) => Math.max(most, level)), outside };
}

/** The vectors of a folder, each with its resolved knobs. */
export function readVectors(folder: string): (Vector & { readonly knobs: Knobs })[] {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  return index.samples.map((vector: Vector) => {
    const { knobs } = recipes.find(({ name }) => name === vector.recipe)!;
    return { ...vector, knobs: { ...knobs, ...index.recipes[vector.recipe], ...vector.overrides } };
  });
}
