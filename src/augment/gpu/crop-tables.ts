import type { Geometry } from '../../sample/draw.js';
import type { CropPart } from '../backend.js';
import { nearest } from '../simd/resize.js';
import { resizeWeights } from '../simd/resize-weights.js';
import { sampleAt, sampleWidth } from './resize-kernel.js';

/** What the resize kernels read beside the pixels (resize.ts), for runs whose crops claim up to `factor` times the result. */
export interface CropTables {
  /** `[rows, 2]`. */
  readonly rows: Float32Array;
  /** `[images + 1, 5]`. */
  readonly samples: Float32Array;
  /** `[2 * images, size]`. */
  readonly starts: Float32Array;
  readonly weights: Float32Array;
}

/** Rows that the crops of a run have together, at most. */
export function rowsOfRun(images: number, size: number, factor: number): number {
  return 2 * factor * images * size;
}

export function createCropTables(images: number, size: number, factor: number): CropTables {
  return {
    rows: new Float32Array(2 * rowsOfRun(images, size, factor)),
    samples: new Float32Array(sampleWidth * (images + 1)),
    starts: new Float32Array(2 * images * size),
    weights: new Float32Array(16 * factor * images * size),
  };
}

/**
 * Writes the tables of one run. Window and flips are in them: an output column or row has the taps of the one that it is
 * cut and mirrored from.
 */
export function writeCropTables(
  size: number,
  crops: readonly Pick<CropPart, 'geometry' | 'placed'>[],
  tables: CropTables,
): void {
  const { rows, samples, starts, weights } = tables;
  const unused = samples.length / sampleWidth - 1;
  samples.fill(0);
  let row = 0;
  let weight = 0;
  for (const [z, { geometry, placed }] of crops.entries()) {
    const { offset, width, height } = placed;
    // Pillow makes black of nothing, and so do no taps.
    if (width === 0 || height === 0) continue;
    const { interpolation, window, hflip, vflip } = geometry;
    const entry = sampleWidth * z;
    const direction = (input: number, output: number, first: number, mirrored: boolean, at: number) => {
      const target = starts.subarray(at * size, (at + 1) * size);
      const taps = writeDirection(input, output, interpolation, first, mirrored, target, weights.subarray(weight));
      weight += taps * size;
      return taps;
    };
    samples[entry + sampleAt.acrossWeights] = weight;
    samples[entry + sampleAt.across] = direction(width, geometry.width, window.left, hflip, 2 * z);
    samples[entry + sampleAt.downWeights] = weight;
    samples[entry + sampleAt.down] = direction(height, geometry.height, window.top, vflip, 2 * z + 1);
    samples[entry + sampleAt.firstRow] = row;
    for (let y = 0; y < height; y++, row++) {
      rows[2 * row] = z;
      rows[2 * row + 1] = offset + y * width;
    }
  }
  for (; row < rows.length / 2; row++) {
    rows[2 * row] = unused;
    rows[2 * row + 1] = 0;
  }
}

/** Writes the first tap and the weights of each of `starts.length` outputs, all of the same number of taps, returned. */
function writeDirection(
  input: number,
  output: number,
  interpolation: Geometry['interpolation'],
  first: number,
  mirrored: boolean,
  starts: Float32Array,
  weights: Float32Array,
): number {
  const size = starts.length;
  const from = (x: number) => first + (mirrored ? size - 1 - x : x);
  if (interpolation === 'NEAREST') {
    const positions = nearest(input, output);
    for (let x = 0; x < size; x++) starts[x] = positions[from(x)]!;
    weights.fill(2 ** 22, 0, size);
    return 1;
  }
  const table = resizeWeights(input, output, interpolation);
  const taps = Math.min(2 * table.pairs, input);
  for (let x = 0; x < size; x++) {
    const source = from(x);
    const start = table.bounds[2 * source]!;
    // Pulled back so that no tap lies outside the crop, those of weight 0 included.
    const pulled = Math.min(start, input - taps);
    starts[x] = pulled;
    const target = weights.subarray(x * taps, (x + 1) * taps).fill(0);
    const count = Math.min(2 * table.bounds[2 * source + 1]!, input - start);
    for (let k = 0; k < count; k++) {
      const at = 4 * (source * table.pairs + (k >> 1)) + (k & 1);
      target[start - pulled + k] = table.weights[at]! * 2048 + table.weights[at + 2]!;
    }
  }
  return taps;
}
