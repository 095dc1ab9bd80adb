import type { Jitter } from '../../sample/draw.js';

/** Floats of a sample's program: two lists of operation codes, each ended by 0, then the operations' parameters. */
export const programWidth = 16;

/** Where the codes start that run before the contrast mean is taken, and those that run from contrast on. */
export const programStart = { before: 0, after: 6 } as const;

/** The most codes that one list holds, its ending 0 included. */
export const programLength = 7;

/** Where in a program brightness keeps its factor and hue its shift. */
export const parameter = { brightness: 13, hue: 14 } as const;

/** Floats of a sample's product tables: one of 512 for saturation, one of 512 for contrast. */
export const productsWidth = 1024;

/** Where the product tables of the two blends start. */
export const productsStart = { saturation: 0, contrast: 512 } as const;

/** One sample's share of the arguments of a run: `program` `[16]`, `products` `[1024]`, float32. */
export interface SampleArguments {
  readonly program: Float32Array;
  readonly products: Float32Array;
}

/**
 * One operation on single pixels. `source` are statements of gpu.js's kernel language that change `r`, `g` and `b`, whole
 * numbers in [0, 255], of sample `z`; they may read the arguments of the point kernel (point.ts). They keep to steps that
 * are exact in float32 whatever a driver fuses, and to divisions that survive a quotient a few units in the last place off.
 */
export interface PointOperation {
  readonly name: string;
  readonly source: string;
  /** Writes what `source` reads for one sample; absent where nothing was drawn but the choice. */
  readonly prepare?: (jitter: Jitter, target: SampleArguments) => void;
}
