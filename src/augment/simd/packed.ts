import type { Crop } from '../../decode/crop.js';
import { copyRows } from '../../decode/cut-crop.js';
import { interleavedBytes } from './image.js';
import type { Kernels } from './kernels.js';

/** Columns of a packed image: its width, filled up to whole vectors of four. */
export function columnsOf(size: number): number {
  return (size + 3) & ~3;
}

// A crop passes in strips that stay in the cache: 64 Ki pixels.
const stripPixels = 2 ** 16;

/**
 * Packs the interleaved image at `address` for a device.
 *
 * @param target float32 `[size, columnsOf(size)]`, a pixel being `r * 65536 + g * 256 + b`; may be shared memory.
 */
export function packImage(kernels: Kernels, address: number, size: number, target: Float32Array): void {
  const columns = columnsOf(size);
  const to = kernels.allocate(4 * columns * size);
  kernels.run.packPixels!(address, to, size, columns, size);
  target.set(floatsAt(kernels, to, columns * size));
}

/** The inverse of `packImage`: the address of the interleaved image. */
export function unpackImage(kernels: Kernels, packed: Float32Array, size: number): number {
  const columns = columnsOf(size);
  const from = kernels.allocate(4 * columns * size);
  const address = kernels.allocate(interleavedBytes(size));
  floatsAt(kernels, from, columns * size).set(packed);
  kernels.run.unpackPixels!(from, address, size, columns, size);
  return address;
}

/** Packs the pixels of a crop one behind another. `target` has as many. */
export function packCrop(kernels: Kernels, crop: Crop, target: Float32Array): void {
  const { width, height } = crop;
  const most = Math.min(Math.max(1, Math.floor(stripPixels / width)), height);
  const from = kernels.allocate(3 * width * most);
  const to = kernels.allocate(4 * width * most);
  for (let row = 0; row < height; row += most) {
    const end = Math.min(row + most, height);
    const count = (end - row) * width;
    copyRows(crop, row, end, kernels.bytes(), from);
    kernels.run.packPixels!(from, to, count, (count + 3) & ~3, 1);
    target.set(floatsAt(kernels, to, count), row * width);
  }
}

/** The inverse of `packCrop`. */
export function unpackCrop(kernels: Kernels, packed: Float32Array): Uint8Array {
  const data = new Uint8Array(3 * packed.length);
  const most = Math.min(stripPixels, packed.length);
  const from = kernels.allocate(4 * most);
  const to = kernels.allocate(3 * most);
  for (let done = 0; done < packed.length; done += most) {
    const count = Math.min(most, packed.length - done);
    floatsAt(kernels, from, count).set(packed.subarray(done, done + count));
    kernels.run.unpackPixels!(from, to, count, (count + 3) & ~3, 1);
    data.set(kernels.bytes().subarray(to, to + 3 * count), 3 * done);
  }
  return data;
}

function floatsAt(kernels: Kernels, address: number, count: number): Float32Array {
  return new Float32Array(kernels.bytes().buffer, address, count);
}
