/**
 * How gpu.js runs one operation. Sources are of gpu.js's kernel language. They keep to steps that are exact in float32
 * whatever a driver fuses, and to divisions that survive a quotient a few units in the last place off.
 */
export type GpuOperation<S> = LevelOperation<S> | PixelOperation<S> | BlurOperation;

/** An operation on single levels: it may also follow a blur. */
interface LevelOperation<S> {
  readonly kind: 'level';
  /** The expression that takes the level named `x`, a whole number in [0, 255], to its result. */
  readonly level: (x: string, parameter: string) => string;
  /** What stands for `parameter`, float32. */
  readonly parameter?: (step: S) => number;
}

/** An operation on single pixels. */
interface PixelOperation<S> {
  readonly kind: 'pixel';
  /** Statements that change `r`, `g` and `b`, whole numbers in [0, 255], of sample `z`, with the names that point.ts has. */
  readonly source: string;
  /** What stands for `parameter`, float32. */
  readonly parameter?: (step: S) => number;
  /** The factor of a blend: `parameter` is then where its table of products starts (blend.ts). */
  readonly factor?: (step: S) => number;
  /** Whether it takes the image's mean grey level: then all that stands before it runs in an earlier pass. */
  readonly takesMean?: true;
}

/** The blur: a stage of its own. */
interface BlurOperation {
  readonly kind: 'blur';
}
