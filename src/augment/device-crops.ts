import type { Crop } from '../decode/crop.js';
import type { Geometry } from '../sample/draw.js';

/** Pixels of one run on a device at most: what bounds the device's memory and the latency of a run. */
const pixelsOfRun = 2 ** 21;

/** Crop pixels that a run takes for each pixel of its result, at most. */
export const cropFactor = 4;

/** The most taps of one direction whose sums stay exact on a device (gpu/resize.ts). */
export const tapsOfDevice = 512;

// Positions on a device are float32, whole up to here.
const mostPixels = 2 ** 24;
// Bytes before the pixels: the cursor, filled up to a cache line.
const headerBytes = 64;

/**
 * Shared memory for the crops of one run: a cursor, and pixels as float32 `b * 65536 + g * 256 + r`, which is how three bytes
 * lie in a word, crop after crop in the order in which worker threads claim their room.
 */
export interface DeviceCrops {
  readonly shared: SharedArrayBuffer;
  /** Images of the run, a power of two. */
  readonly images: number;
  /** Side of the run's results. */
  readonly size: number;
}

/** Where a crop lies in its memory, in pixels. */
export interface PlacedCrop {
  readonly offset: number;
  readonly width: number;
  readonly height: number;
}

/** The images of the next run of a batch that has `left` to go: a power of two, so that few shapes are compiled. */
export function imagesOfRun(left: number, size: number): number {
  const most = 2 ** Math.floor(Math.log2(Math.max(1, pixelsOfRun / (size * size))));
  return Math.min(most, 2 ** Math.ceil(Math.log2(left)));
}

/** Pixels that the crops of a run may claim. */
export function cropCapacity(images: number, size: number): number {
  return images * cropFactor * size * size;
}

/** Whether positions among the crops of a run at this size are exact on a device. */
export function fitsDevice(size: number): boolean {
  return cropCapacity(1, size) <= mostPixels;
}

/** Bytes of device crops of a run. */
export function deviceCropsBytes(images: number, size: number): number {
  return headerBytes + 4 * cropCapacity(images, size);
}

/** Empty memory for the crops of a run. */
export function emptyDeviceCrops(images: number, size: number): DeviceCrops {
  return { shared: new SharedArrayBuffer(deviceCropsBytes(images, size)), images, size };
}

/** The cursor: pixels claimed so far. */
export function cursorOf({ shared }: DeviceCrops): Int32Array {
  return new Int32Array(shared, 0, 1);
}

/** The pixels of a memory. */
export function pixelsOf({ shared }: DeviceCrops): Float32Array {
  return new Float32Array(shared, headerBytes);
}

/** A bound on the taps of one direction of a resize. */
export function tapsBound(input: number, output: number, interpolation: Geometry['interpolation']): number {
  if (interpolation === 'NEAREST') return Math.min(input, 1);
  const support = (interpolation === 'BICUBIC' ? 2 : 1) * Math.max(1, input / output);
  return Math.min(input, 2 * Math.ceil(support) + 2);
}

/**
 * What a crop claims, in pixels. A run has room for `2 * size` rows and `16 * size` weights for every `size * size` pixels
 * (gpu/crop-tables.ts), so a narrow crop, or one of many taps, claims more than its pixels.
 */
export function cropClaim({ width, height }: PlacedCrop | Crop, geometry: Geometry, size: number): number {
  if (width === 0 || height === 0) return 0;
  const taps =
    tapsBound(width, geometry.width, geometry.interpolation) +
    tapsBound(height, geometry.height, geometry.interpolation);
  return Math.ceil(Math.max(width * height, (height * size) / 2, (taps * size * size) / 16));
}

/**
 * Packs a decoded crop into a run's memory, from a worker thread, for a sample of which every step is the device's. Null
 * where the device does not take it: it has more taps than are exact there, or the memory is full. Then the worker thread
 * resizes it, to the same bytes.
 */
export function placeCrop(lent: DeviceCrops, crop: Crop, geometry: Geometry): PlacedCrop | null {
  const { data, width, height } = crop;
  const { interpolation } = geometry;
  const taps = Math.max(
    tapsBound(width, geometry.width, interpolation),
    tapsBound(height, geometry.height, interpolation),
  );
  if (taps > tapsOfDevice) return null;
  const offset = claim(lent, cropClaim(crop, geometry, lent.size));
  if (offset === null) return null;
  const count = width * height;
  packCrop(data, pixelsOf(lent).subarray(offset, offset + count));
  return { offset, width, height };
}

// Word by word, four pixels of three: half the time of byte by byte.
function packCrop(data: Uint8Array, pixels: Float32Array): void {
  const isAligned = data.byteOffset % 4 === 0;
  const words = new Int32Array(data.buffer, isAligned ? data.byteOffset : 0, isAligned ? data.length >> 2 : 0);
  const quads = Math.floor(words.length / 3);
  for (let quad = 0, from = 0, to = 0; quad < quads; quad++, from += 3, to += 4) {
    const first = words[from]!;
    const second = words[from + 1]!;
    const third = words[from + 2]!;
    pixels[to] = first & 0xffffff;
    pixels[to + 1] = (first >>> 24) | ((second & 0xffff) << 8);
    pixels[to + 2] = (second >>> 16) | ((third & 0xff) << 16);
    pixels[to + 3] = third >>> 8;
  }
  for (let to = 4 * quads, from = 3 * to; to < pixels.length; to++, from += 3)
    pixels[to] = data[from]! | (data[from + 1]! << 8) | (data[from + 2]! << 16);
}

function claim(lent: DeviceCrops, pixels: number): number | null {
  const cursor = cursorOf(lent);
  const capacity = cropCapacity(lent.images, lent.size);
  // Compared before it is exchanged: a cursor that a failed claim moved to and fro would let two others overlap.
  for (let at = Atomics.load(cursor, 0); at + pixels <= capacity; ) {
    const seen = Atomics.compareExchange(cursor, 0, at, at + pixels);
    if (seen === at) return at;
    at = seen;
  }
  return null;
}
