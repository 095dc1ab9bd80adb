import type { Crop } from '../../decode/crop.js';
import { copyRows, strideOf } from '../../decode/cut-crop.js';
import type { Geometry } from '../../sample/draw.js';
import { interleavedBytes } from './image.js';
import type { Kernels } from './kernels.js';
import { type ResizeWeights, resizeWeights } from './resize-weights.js';

// Rows of the crop enter the arena a strip at a time, which stays in the cache until its horizontal pass.
const stripBytes = 256 * 1024;
// What the horizontal pass leaves of a very tall crop is worked off in bands of output rows.
const bandBytes = 16 * 1024 * 1024;

/**
 * Pillow's resize of the crop to `geometry.width` x `geometry.height`, of which `geometry.window` (`size` x `size`) is
 * computed, mirrored as drawn. Two passes through 8 bits, horizontal first.
 *
 * Source: PIL/Image.py, `Image.resize`; Pillow/Resample.c, `ImagingResample`.
 *
 * @returns the address of the interleaved pixels.
 */
export function resize(kernels: Kernels, crop: Crop, geometry: Geometry, size: number): number {
  const target = kernels.allocate(interleavedBytes(size));
  const { interpolation, width, height, window } = geometry;
  // A strip of one pixel has no crop of an extreme shape; Pillow makes black of nothing.
  if (crop.width === 0 || crop.height === 0) kernels.bytes().fill(0, target, target + interleavedBytes(size));
  else if (interpolation === 'NEAREST') resizeNearest(kernels, crop, geometry, size, target);
  else {
    const columns = resizeWeights(crop.width, width, interpolation, window.left, size);
    const rows = resizeWeights(crop.height, height, interpolation, window.top, size);
    resample(kernels, crop, geometry, size, target, columns, rows);
  }
  return target;
}

function resample(
  kernels: Kernels,
  crop: Crop,
  { hflip, vflip }: Geometry,
  size: number,
  target: number,
  columns: ResizeWeights,
  rows: ResizeWeights,
): void {
  const columnBounds = kernels.put(columns.bounds);
  const columnWeights = kernels.put(columns.weights);
  const rowBounds = kernels.put(rows.bounds);
  const rowWeights = kernels.put(rows.weights);
  const held = kernels.addressOf(crop.data);
  const cropStride = held === null ? 3 * crop.width : strideOf(crop);
  const stride = (3 * size + 31) & ~15;
  const stripRows = held === null ? Math.max(4, Math.floor(stripBytes / cropStride) & ~3) : crop.height;
  const strip = held ?? kernels.allocate(stripRows * cropStride);
  const reachesOf = (first: number, count: number) => reach(rows.bounds, first, count, crop.height);
  const bandRows = rowsOfBand(rows.bounds, size, Math.floor(bandBytes / stride));
  let middle = 0;
  let middleRows = 0;
  for (let y = 0; y < size; y += bandRows) {
    const count = Math.min(bandRows, size - y);
    const first = vflip ? size - y - count : y;
    const [from, to] = reachesOf(first, count);
    // One row more for the last pair's second tap, and whole groups of four.
    const needed = to - from + 5;
    if (needed > middleRows) {
      middle = kernels.allocate(needed * stride);
      middleRows = needed;
    }
    for (let row = from; row < to; row += stripRows) {
      const read = Math.min(stripRows, to - row);
      if (held === null) copyRows(crop, row, row + read, kernels.bytes(), strip);
      kernels.run.resampleHorizontal!(
        held === null ? strip : held + row * cropStride,
        cropStride,
        middle + (row - from) * stride,
        stride,
        read,
        size,
        columnBounds,
        columnWeights,
        columns.pairs,
        hflip ? -1 : 1,
      );
    }
    kernels.run.resampleVertical!(
      middle,
      stride,
      from,
      target + y * 3 * size,
      3 * size,
      count,
      3 * size,
      rowBounds + 8 * first,
      rowWeights + 8 * rows.pairs * first,
      rows.pairs,
      vflip ? -1 : 1,
    );
  }
}

// The rows of the crop that `count` output rows read, from the first to one past the last.
function reach(bounds: Int32Array, first: number, count: number, height: number): [number, number] {
  let from = height;
  let to = 0;
  for (let y = first; y < first + count; y++) {
    const start = bounds[2 * y]!;
    from = Math.min(from, start);
    to = Math.max(to, start + 2 * bounds[2 * y + 1]!);
  }
  return [from, Math.min(to, height)];
}

function rowsOfBand(bounds: Int32Array, size: number, most: number): number {
  let count = size;
  const fits = (rows: number) => {
    for (let y = 0; y < size; y += rows) {
      const [from, to] = reach(bounds, y, Math.min(rows, size - y), Number.MAX_SAFE_INTEGER);
      if (to - from > most) return false;
    }
    return true;
  };
  while (count > 1 && !fits(count)) count = Math.ceil(count / 2);
  return count;
}

/** Pillow's NEAREST: the input positions are added up in double. Pillow/Geometry.c, `ImagingScaleAffine`. */
function resizeNearest(kernels: Kernels, crop: Crop, geometry: Geometry, size: number, target: number): void {
  const { width, height, window, hflip, vflip } = geometry;
  const columns = nearest(crop.width, width, window.left, size);
  const rows = nearest(crop.height, height, window.top, size);
  if (hflip) columns.reverse();
  if (vflip) rows.reverse();
  const columnTable = kernels.put(columns);
  const cropStride = 3 * crop.width;
  const source = kernels.allocate(cropStride);
  let held = -1;
  for (let y = 0; y < size; y++) {
    const row = rows[y]!;
    if (row !== held) copyRows(crop, row, row + 1, kernels.bytes(), source);
    held = row;
    kernels.run.gatherRow!(source, target + y * 3 * size, columnTable, size);
  }
}

/**
 * The input position of `count` outputs of Pillow's NEAREST from `first` on. What lies before them is added up as well, since
 * Pillow's sum carries its rounding along. Pillow/Geometry.c, `ImagingScaleAffine`.
 */
export function nearest(input: number, output: number, first = 0, count = output): Int32Array {
  const scale = input / output;
  const positions = new Int32Array(count);
  let at = scale * 0.5;
  for (let x = 0; x < first; x++) at += scale;
  for (let x = 0; x < count; x++) {
    positions[x] = Math.trunc(at);
    at += scale;
  }
  return positions;
}
