import { blurWidth } from './gpu/blur-kernel.js';
import { sampleWidth } from './gpu/resize-kernel.js';
import { productsWidth, programWidth } from './gpu/step-program.js';
import { columnsOf } from './simd/packed.js';

/** What a cargo has room for. */
export interface CargoShape {
  /** Images at most, a power of two. */
  readonly images: number;
  /** Side of the results. */
  readonly size: number;
  /** Whether it carries decoded crops, for the device to resize, or images that are resized. */
  readonly kind: CargoKind;
}

/** What a cargo carries. */
export type CargoKind = 'crops' | 'images';

/**
 * What a device takes at a time: some samples of one batch, packed, with what was drawn for them, and room for its results.
 * Worker threads claim their places in it, fill them and read the results; the device's thread does no more than copy it to the
 * device and back.
 */
export interface Cargo extends CargoShape {
  readonly shared: SharedArrayBuffer;
}

/** Pixels of one cargo's results at most: what bounds the device's memory and the latency of a cargo. */
const mostPixels = 2 ** 21;

/** Pixels of crops for each pixel of the results, at most. */
export const cropFactor = 4;

// Positions on a device are float32, whole up to here.
const wholeFloats = 2 ** 24;
// Two cursors, filled up to a cache line.
const headerBytes = 64;
const imageCursor = 0;
const cropCursor = 1;

/** The memory of a cargo, field by field, as the kernels read it: float32. */
export interface CargoFields {
  /** `[images, programWidth]`. */
  readonly programs: Float32Array;
  /** `[images, productsWidth]`. */
  readonly products: Float32Array;
  /** `[images, blurWidth]`. */
  readonly blurs: Float32Array;
  /** `[images, size, columns]`, a pixel being `r * 65536 + g * 256 + b`; or the pixels of crops, in the order of their claims. */
  readonly pixels: Float32Array;
  /** Of each row of each crop, its image and its first pixel: `[rows, 2]`. This and the next three are empty where no crops are carried. */
  readonly rows: Float32Array;
  /** Of each image, its taps and where their weights and its rows are: `[images + 1, sampleWidth]`, the last one of no taps. */
  readonly samples: Float32Array;
  /** The first tap of each column and of each row of the results: `[2 * images, size]`. */
  readonly starts: Float32Array;
  readonly weights: Float32Array;
  /** What the device makes of them: `[images, size, columns]`. */
  readonly results: Float32Array;
}

/** The field's names in the order of a chain's arguments; `results` lies behind them. */
export const argumentFields = [
  'programs',
  'products',
  'blurs',
  'pixels',
  'rows',
  'samples',
  'starts',
  'weights',
] as const satisfies readonly (keyof CargoFields)[];

/** The images of the next cargo of a batch that has `left` to go: a power of two, so that few shapes are compiled. */
export function imagesOfCargo(left: number, size: number): number {
  const most = 2 ** Math.floor(Math.log2(Math.max(1, mostPixels / (size * size))));
  return Math.min(most, 2 ** Math.ceil(Math.log2(left)));
}

/** Rows that crops have together at most, where they have `factor` pixels for each pixel of the results. */
export function rowsOfCrops(images: number, size: number, factor: number): number {
  return 2 * factor * images * size;
}

/** Floats of each field, where crops have `factor` pixels for each pixel of the results. */
export function fieldLengths(
  { images, size, kind }: CargoShape,
  factor: number = cropFactor,
): Readonly<Record<keyof CargoFields, number>> {
  const crops = kind === 'crops' ? factor : 0;
  const results = images * size * columnsOf(size);
  return {
    programs: programWidth * images,
    products: productsWidth * images,
    blurs: blurWidth * images,
    pixels: crops === 0 ? results : crops * images * size * size,
    rows: 2 * rowsOfCrops(images, size, crops),
    samples: crops === 0 ? 0 : sampleWidth * (images + 1),
    starts: crops === 0 ? 0 : 2 * images * size,
    weights: 16 * crops * images * size,
    results,
  };
}

/** The bytes of so many floats, filled up to a cache line: memory of another alignment is copied byte by byte where it is shared. */
export function alignedBytes(floats: number): number {
  return (4 * floats + 63) & ~63;
}

/** Bytes of a cargo. */
export function cargoBytes(shape: CargoShape): number {
  return headerBytes + Object.values(fieldLengths(shape)).reduce((sum, length) => sum + alignedBytes(length), 0);
}

/** A cargo in this memory, of `cargoBytes`, with nothing in it. */
export function emptyCargo(shape: CargoShape, shared = new SharedArrayBuffer(cargoBytes(shape))): Cargo {
  new Int32Array(shared, 0, 2).fill(0);
  return { ...shape, shared };
}

export function fieldsOf(cargo: Cargo): CargoFields {
  let at = headerBytes;
  const field = (length: number) => {
    const view = new Float32Array(cargo.shared, at, length);
    at += alignedBytes(length);
    return view;
  };
  const lengths = fieldLengths(cargo);
  const named = argumentFields.map((name) => [name, field(lengths[name])] as const);
  return { ...Object.fromEntries(named), results: field(lengths.results) } as unknown as CargoFields;
}

/** Images that have claimed their places. */
export function imagesIn(cargo: Cargo): number {
  return Atomics.load(cursors(cargo), imageCursor);
}

/** Pixels that crops have claimed. */
export function cropPixelsIn(cargo: Cargo): number {
  return Atomics.load(cursors(cargo), cropCursor);
}

/** A place for one image, `[0, images)`; null where it is full. */
export function claimImage(cargo: Cargo): number | null {
  return claim(cursors(cargo), imageCursor, 1, cargo.images);
}

/** Room for `pixels` of a crop: where it starts; null where there is none. */
export function claimCrop(cargo: Cargo, pixels: number): number | null {
  const { images, size } = cargo;
  return claim(cursors(cargo), cropCursor, pixels, images * cropFactor * size * size);
}

/** Whether positions among the crops of one image at this size are exact on a device. */
export function carriesCrops(size: number): boolean {
  return cropFactor * size * size <= wholeFloats;
}

function cursors({ shared }: Cargo): Int32Array {
  return new Int32Array(shared, 0, 2);
}

function claim(words: Int32Array, cursor: number, count: number, most: number): number | null {
  // Compared before it is exchanged: a cursor that a failed claim moved to and fro would let two others overlap.
  for (let at = Atomics.load(words, cursor); at + count <= most; ) {
    const seen = Atomics.compareExchange(words, cursor, at, at + count);
    if (seen === at) return at;
    at = seen;
  }
  return null;
}
