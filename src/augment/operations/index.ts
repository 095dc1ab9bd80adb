import type { DrawStep, OperationName } from '../../sample/draw.js';
import type { SimdImage } from '../simd/image.js';
import { rotate, shearX, shearY, translateX, translateY } from './affine.js';
import { autocontrast } from './autocontrast.js';
import { brightness } from './brightness.js';
import { contrast } from './contrast.js';
import { equalize } from './equalize.js';
import { gaussianBlur } from './gaussian-blur.js';
import { grayscale } from './grayscale.js';
import { hue } from './hue.js';
import { invert } from './invert.js';
import type { Operation } from './operation.js';
import { posterize } from './posterize.js';
import { resize } from './resize.js';
import { saturation } from './saturation.js';
import { sharpness } from './sharpness.js';
import { solarize } from './solarize.js';

/** The registry: every operation that a step can name, and where it runs. */
export const operations: { readonly [Name in OperationName]: Operation<Name> } = {
  brightness,
  contrast,
  saturation,
  hue,
  grayscale,
  gaussianBlur,
  solarize,
  posterize,
  invert,
  autocontrast,
  equalize,
  sharpness,
  shearX,
  shearY,
  translateX,
  translateY,
  rotate,
  resize,
};

/** The names of the registry, in its order. */
export const operationNames = Object.keys(operations) as readonly OperationName[];

/** Runs steps on a worker thread's kernels, in their order. */
export function applySteps(image: SimdImage, steps: readonly DrawStep[]): void {
  // What a step's name picks takes that step: the type of a single operation cannot say so.
  for (const step of steps) (operations[step.op] as Operation<OperationName>).simd(image, step as never);
}
