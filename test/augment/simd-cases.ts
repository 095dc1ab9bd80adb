import type { Draw, Geometry, PolicyName } from '../../src/sample/draw.js';
import { draw } from './gpu-cases.js';

/** Magnitudes by operation: RandAugment's at 9 of 31, AutoAugment's ten, and the edges of each operation's own rules. */
export const policyCases: Readonly<Record<PolicyName, readonly number[]>> = {
  Identity: [0],
  ShearX: [0.09000000357627869, -0.09000000357627869, 0.13333334028720856, -0.13333334028720856, 0, 0.3],
  ShearY: [0.09000000357627869, -0.09000000357627869, 0.13333334028720856, -0.13333334028720856, 0, -0.3],
  TranslateX: [30.4, -30.4, 3, -3, 0.9, 0, 1000],
  TranslateY: [30.4, -30.4, 3, -3, -0.9, 0, -1000],
  Rotate: [
    9, -9, 26.666667938232422, -26.666667938232422, 30, -30, 3.3333334922790527, 0, 90, -90, 180, 270, 360, -135,
  ],
  Brightness: enhancements(),
  Color: enhancements(),
  Contrast: enhancements(),
  Sharpness: enhancements(),
  Posterize: [8, 7, 6, 5, 4, 1, 0],
  Solarize: [255, 178.5, 226.66666, 141.66667, 128, 56.666668, 28.333334, 1, 0.5, 0, 256],
  AutoContrast: [0],
  Equalize: [0],
  Invert: [0],
};

// A function, so that it stands below the table it serves.
function enhancements(): number[] {
  return [0.26999998092651367, -0.26999998092651367, 0.8999999761581421, -0.8999999761581421, 0.4, -0.1, 0, -1, 1.5];
}

/** The geometry that takes an image of this size as it is. */
export function whole(size: number, interpolation: Geometry['interpolation'] = 'BICUBIC'): Geometry {
  const box = { top: 0, left: 0, height: size, width: size };
  return { crop: box, width: size, height: size, window: box, interpolation };
}

/** A draw of a policy alone. */
export function policyDraw(
  size: number,
  interpolation: Geometry['interpolation'],
  operations: readonly (readonly [PolicyName, number])[],
): Draw {
  const policy = operations.map(([name, magnitude]) => ({ name, magnitude }));
  return draw({ geometry: whole(size, interpolation), policy });
}

/** A resize of `width` x `height` to `to`, of which the square at (`left`, `top`) is kept. */
export interface ResizeCase {
  readonly width: number;
  readonly height: number;
  readonly to: readonly [number, number];
  readonly left: number;
  readonly top: number;
  readonly size: number;
  readonly hflip: boolean;
  readonly vflip: boolean;
  readonly interpolation: Geometry['interpolation'];
}

/** The draw of a resize alone. */
export function resizeDraw({ width, height, to, left, top, size, hflip, vflip, interpolation }: ResizeCase): Draw {
  const crop = { top: 0, left: 0, height, width };
  const window = { top, left, height: size, width: size };
  return draw({ geometry: { crop, width: to[0], height: to[1], window, interpolation }, hflip, vflip });
}

/** Noise, smooth areas and flat ones, in an image of any shape. */
export function scene(width: number, height: number, next: () => number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  const kind = Math.floor(next() * 4);
  const slopes = Array.from({ length: 6 }, () => (next() - 0.3) * 400);
  for (let i = 0; i < pixels.length; i++) {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    const ramp = slopes[i % 3]! * (x / width) + slopes[3 + (i % 3)]! * (y / height) + 60;
    if (kind === 0) pixels[i] = next() * 256;
    else if (kind === 1) pixels[i] = Math.max(0, Math.min(255, ramp + next() * 6));
    else if (kind === 2) pixels[i] = Math.floor(x / 9 + y / 7) % 2 === 0 ? 255 * next() : 40 + (i % 3) * 70;
    else pixels[i] = 17 + (i % 3) * 100;
  }
  return pixels;
}
