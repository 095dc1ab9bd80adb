import type { Kernels } from './kernels.js';

/**
 * One RGB image in the arena, square but where a row of pixels is all that is wanted, interleaved or in planes, whichever the last operation left; each layout has a spare
 * of its own, so that an operation may go from one to the other.
 */
export interface SimdImage {
  /** Pixels of a row. */
  readonly size: number;
  /** Pixels. */
  readonly area: number;
  /** The kernels, and the arena for what one operation needs. */
  readonly kernels: Kernels;
  /**
   * Runs the kernel of this name on three planes in place, `kernel(pixels, plane, ...rest)`. `plane` is the bytes from one plane
   * to the next: a multiple of 16, with 16 to spare.
   */
  onPlanes(kernel: string, ...rest: number[]): void;
  /** Runs one from three planes to three others, `kernel(from, to, plane, size, ...rest)`. */
  betweenPlanes(kernel: string, ...rest: number[]): void;
  /** Runs one from an interleaved image to another, `kernel(from, to, size, ...rest)`. */
  betweenInterleaved(kernel: string, ...rest: number[]): void;
  /** Puts a square image of another side in its place, whose interleaved pixels are at `address`. */
  replace(address: number, size: number): void;
  /** The interleaved pixels: a view, of no use after the next operation. */
  pixels(): Uint8Array;
}

/** The bytes that an interleaved image of this size asks of the arena. */
export function interleavedBytes(size: number): number {
  return size * size * 3;
}

/** An image of rows of `size` pixels whose interleaved pixels are at `address`. */
export function simdImage(kernels: Kernels, address: number, size: number, rows = size): SimdImage {
  const { run } = kernels;
  let side = size;
  let area = size * rows;
  let plane = planeBytes(area);
  let interleaved = address;
  let spareInterleaved: number | undefined;
  let planes: number | undefined;
  let sparePlanes: number | undefined;
  let planar = false;
  const toPlanes = () => {
    planes ??= kernels.allocate(3 * plane);
    if (!planar) run.toPlanes!(interleaved, planes, plane, area);
    planar = true;
    return planes;
  };
  const toInterleaved = () => {
    if (planar) run.fromPlanes!(planes!, interleaved, plane, area);
    planar = false;
    return interleaved;
  };
  return {
    get size() {
      return side;
    },
    get area() {
      return area;
    },
    kernels,
    onPlanes: (kernel, ...rest) => void run[kernel]!(toPlanes(), plane, ...rest),
    betweenPlanes: (kernel, ...rest) => {
      const from = toPlanes();
      sparePlanes ??= kernels.allocate(3 * plane);
      run[kernel]!(from, sparePlanes, plane, side, ...rest);
      [planes, sparePlanes] = [sparePlanes, from];
    },
    betweenInterleaved: (kernel, ...rest) => {
      const from = toInterleaved();
      spareInterleaved ??= kernels.allocate(3 * area);
      run[kernel]!(from, spareInterleaved, side, ...rest);
      [interleaved, spareInterleaved] = [spareInterleaved, from];
    },
    replace: (at, other) => {
      side = other;
      area = other * other;
      plane = planeBytes(area);
      interleaved = at;
      [planes, sparePlanes, spareInterleaved] = [undefined, undefined, undefined];
      planar = false;
    },
    pixels: () => {
      const from = toInterleaved();
      return kernels.bytes().subarray(from, from + 3 * area);
    },
  };
}

function planeBytes(area: number): number {
  return ((area + 15) & ~15) + 16;
}
