import type { KernelExports, Kernels } from './kernels.js';

/**
 * One square RGB image in the arena, interleaved or in planes, whichever the last operation left; each layout has a spare
 * of its own, so that an operation may go from one to the other.
 */
export interface SimdImage {
  readonly size: number;
  /** Pixels. */
  readonly area: number;
  /** Bytes from one plane to the next: a multiple of 16, with 16 to spare. */
  readonly plane: number;
  /** The kernels, and the arena for what one operation needs. */
  readonly kernels: Kernels;
  /** Runs `operation` on three planes in place. */
  onPlanes(operation: (run: KernelExports, pixels: number) => void): void;
  /** Runs `operation` from three planes to three others. */
  betweenPlanes(operation: (run: KernelExports, from: number, to: number) => void): void;
  /** Runs `operation` from one interleaved image to another. */
  betweenInterleaved(operation: (run: KernelExports, from: number, to: number) => void): void;
  /** The interleaved pixels: a view, of no use after the next operation. */
  pixels(): Uint8Array;
}

/** The bytes that an interleaved image of this size asks of the arena. */
export function interleavedBytes(size: number): number {
  return size * size * 3;
}

/** An image whose interleaved pixels are at `address`, of `interleavedBytes(size)`. */
export function simdImage(kernels: Kernels, address: number, size: number): SimdImage {
  const { run } = kernels;
  const area = size * size;
  const plane = ((area + 15) & ~15) + 16;
  let interleaved = address;
  let spareInterleaved: number | undefined;
  let planes: number | undefined;
  let sparePlanes: number | undefined;
  let planar = false;
  const toPlanes = () => {
    planes ??= kernels.allocate(3 * plane);
    if (!planar) run.toPlanes(interleaved, planes, plane, area);
    planar = true;
    return planes;
  };
  const toInterleaved = () => {
    if (planar) run.fromPlanes(planes!, interleaved, plane, area);
    planar = false;
    return interleaved;
  };
  return {
    size,
    area,
    plane,
    kernels,
    onPlanes: (operation) => operation(run, toPlanes()),
    betweenPlanes: (operation) => {
      const from = toPlanes();
      sparePlanes ??= kernels.allocate(3 * plane);
      operation(run, from, sparePlanes);
      [planes, sparePlanes] = [sparePlanes, from];
    },
    betweenInterleaved: (operation) => {
      const from = toInterleaved();
      spareInterleaved ??= kernels.allocate(interleavedBytes(size));
      operation(run, from, spareInterleaved);
      [interleaved, spareInterleaved] = [spareInterleaved, from];
    },
    pixels: () => {
      const from = toInterleaved();
      return kernels.bytes().subarray(from, from + interleavedBytes(size));
    },
  };
}
