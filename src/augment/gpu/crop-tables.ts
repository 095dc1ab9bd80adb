import type { Geometry } from '../../sample/draw.js';
import type { CargoFields } from '../cargo.js';
import { nearest } from '../simd/resize.js';
import { resizeWeights } from '../simd/resize-weights.js';
import { sampleAt, sampleWidth } from './resize-kernel.js';

/** Where a crop lies in its cargo, in pixels. */
export interface PlacedCrop {
  /** A multiple of the results' side, from which the crop's rows and weights follow. */
  readonly offset: number;
  readonly width: number;
  readonly height: number;
}

/** The most taps of one direction whose sums stay exact on a device (resize-kernel.ts). */
export const tapsOfDevice = 512;

/** A bound on the taps of one direction of a resize. */
export function tapsBound(input: number, output: number, interpolation: Geometry['interpolation']): number {
  if (interpolation === 'NEAREST') return Math.min(input, 1);
  const support = (interpolation === 'BICUBIC' ? 2 : 1) * Math.max(1, input / output);
  return Math.min(input, 2 * Math.ceil(support) + 2);
}

/**
 * What a crop claims, in pixels, a multiple of `size`; null where it has more taps than a device takes. A cargo has two rows
 * and 16 weights for every `size` pixels, so a narrow crop, or one of many taps, claims more than its pixels.
 */
export function cropClaim(
  { width, height }: Pick<PlacedCrop, 'width' | 'height'>,
  geometry: Geometry,
  size: number,
): number | null {
  const { interpolation } = geometry;
  const across = tapsBound(width, geometry.width, interpolation);
  const down = tapsBound(height, geometry.height, interpolation);
  if (Math.max(across, down) > tapsOfDevice) return null;
  if (width === 0 || height === 0) return 0;
  return size * Math.ceil(Math.max((width * height) / size, height / 2, ((across + down) * size) / 16));
}

/**
 * Writes what the resize kernels read of image `z`, whose crop's pixels are in its place. Window and flips are in the tables: an output
 * column or row has the taps of the one that it is cut and mirrored from.
 *
 * @param unused the entry of `samples` of no taps, for rows that are claimed and not used.
 */
export function writeCropTables(
  { rows, samples, starts, weights }: Pick<CargoFields, 'rows' | 'samples' | 'starts' | 'weights'>,
  z: number,
  size: number,
  unused: number,
  { offset, width, height }: PlacedCrop,
  claimed: number,
  geometry: Geometry,
): void {
  const entry = samples.subarray(sampleWidth * z, sampleWidth * (z + 1)).fill(0);
  // Pillow makes black of nothing, and so do no taps.
  if (width === 0 || height === 0) return;
  const { interpolation, window, hflip, vflip } = geometry;
  const firstRow = (2 * offset) / size;
  let weight = (16 * offset) / size;
  const direction = (input: number, output: number, first: number, mirrored: boolean, at: number) => {
    const target = starts.subarray(at * size, (at + 1) * size);
    const taps = writeDirection(input, output, interpolation, first, mirrored, target, weights.subarray(weight));
    weight += taps * size;
    return taps;
  };
  entry[sampleAt.acrossWeights] = weight;
  entry[sampleAt.across] = direction(width, geometry.width, window.left, hflip, 2 * z);
  entry[sampleAt.downWeights] = weight;
  entry[sampleAt.down] = direction(height, geometry.height, window.top, vflip, 2 * z + 1);
  entry[sampleAt.firstRow] = firstRow;
  for (let y = 0, row = 2 * firstRow; y < height; y++, row += 2) {
    rows[row] = z;
    rows[row + 1] = offset + y * width;
  }
  writeUnusedRows(rows.subarray(2 * (firstRow + height), 2 * (firstRow + (2 * claimed) / size)), unused);
}

/** Rows that are nobody's. */
export function writeUnusedRows(rows: Float32Array, unused: number): void {
  for (let at = 0; at < rows.length; at += 2) {
    rows[at] = unused;
    rows[at + 1] = 0;
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
    const target = x * taps;
    weights.fill(0, target, target + taps);
    const count = Math.min(2 * table.bounds[2 * source + 1]!, input - start);
    for (let k = 0; k < count; k++) {
      const at = 4 * (source * table.pairs + (k >> 1)) + (k & 1);
      weights[target + start - pulled + k] = table.weights[at]! * 2048 + table.weights[at + 2]!;
    }
  }
  return taps;
}
