import type { Frame } from './jpeg-segments.js';
import type { Component } from './jpeg-tables.js';
import type { Pass, Progression } from './jpeg-walk.js';
import { type Coefficients, mcuRows } from './progressive.js';

/** The coefficients that are estimated, in zigzag order: the DC one and nine AC ones, and their places in a block. */
const places = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24] as const;

/** How exactly each of these is known of a component: bits that are missing, -1 for all. Of the last scan, and of the one before. */
interface Known {
  readonly now: Int8Array;
  readonly before: Int8Array;
}

/** Source: libjpeg-turbo 2.1.5 jdphuff.c, `start_pass_phuff_decoder`. */
function knownOf(component: Component, passes: readonly Pass[]): Known {
  const now = new Int8Array(places.length).fill(-1);
  const before = new Int8Array(places.length).fill(-1);
  for (const [i, pass] of passes.entries()) {
    if (!pass.components.includes(component)) continue;
    for (let k = Math.min(pass.first, 1); k < places.length; k++) before[k] = i > 0 ? now[k]! : 0;
    for (let k = pass.first; k <= pass.last && k < places.length; k++) now[k] = pass.low;
  }
  // Of a single scan there is none before.
  return { now, before: passes.length > 1 ? before : now.map(() => -1) };
}

/**
 * Whether libjpeg estimates what the scans of a progressive file have left out.
 *
 * Source: libjpeg-turbo 2.1.5 jdcoefct.c, `smoothing_ok`.
 */
export function isSmoothed({ components }: Frame, { passes, quants }: Progression): boolean {
  const known = components.map((component) => knownOf(component, passes).now);
  const areFactors = components.every((component) => {
    const factors = quants.get(component);
    return factors !== undefined && places.every((_, k) => factors[k] !== 0);
  });
  return (
    areFactors &&
    known.every(([dc]) => dc! >= 0) &&
    known.some((bits) => bits.some((missing, k) => k > 0 && missing !== 0))
  );
}

/** Of the 5 x 5 blocks around, by rows. */
type Weights = readonly number[];

/** How each AC coefficient follows from the DC ones around: where no AC ones are known, and where some are. */
const estimates: readonly (readonly Weights[])[] = [
  [
    [-1, -1, 0, 1, 1, -3, 13, 0, -13, 3, -3, 38, 0, -38, 3, -3, 13, 0, -13, 3, -1, -1, 0, 1, 1],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -7, 50, 0, -50, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  [
    [-1, -3, -3, -3, -1, -1, 13, 38, 13, -1, 0, 0, 0, 0, 0, 1, -13, -38, -13, 1, 1, 3, 3, 3, 1],
    [0, 0, -7, 0, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, -50, 0, 0, 0, 0, 7, 0, 0],
  ],
  [
    [0, 0, 1, 0, 0, 0, 2, 7, 2, 0, 0, -5, -14, -5, 0, 0, 2, 7, 2, 0, 0, 0, 1, 0, 0],
    [0, 0, -1, 0, 0, 0, 0, 13, 0, 0, 0, 0, -24, 0, 0, 0, 0, 13, 0, 0, 0, 0, -1, 0, 0],
  ],
  [
    [-1, 0, 0, 0, 1, 0, 9, 0, -9, 0, 0, 0, 0, 0, 0, 0, -9, 0, 9, 0, 1, 0, 0, 0, -1],
    [0, -1, 0, 1, 0, -1, 10, 0, -10, 1, 0, 0, 0, 0, 0, 1, -10, 0, 10, -1, 0, 1, 0, -1, 0],
  ],
  [
    [0, 0, 0, 0, 0, 0, 2, -5, 2, 0, 1, 7, -14, 7, 1, 0, 2, -5, 2, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 13, -24, 13, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  [[0, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0, 2, 0, -2, 0, 0, 1, 0, -1, 0, 0, 0, 0, 0, 0]],
  [[0, 0, 0, 0, 0, 0, 1, -3, 1, 0, 0, 0, 0, 0, 0, 0, -1, 3, -1, 0, 0, 0, 0, 0, 0]],
  [[0, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0, -3, 0, 3, 0, 0, 1, 0, -1, 0, 0, 0, 0, 0, 0]],
  [[0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, -1, -2, -1, 0, 0, 0, 0, 0, 0]],
];
const average: Weights = [
  -2, -6, -8, -6, -2, -6, 6, 42, 6, -6, -8, 42, 152, 42, -8, -6, 6, 42, 6, -6, -2, -6, -8, -6, -2,
];

/**
 * Estimates what the scans have left out, as libjpeg does where `isSmoothed`. The rows next to the first and last ones are looked for
 * as 2.1.5 looks for them, which later versions and mozjpeg do otherwise.
 *
 * Source: libjpeg-turbo 2.1.5 jdcoefct.c, `decompress_smooth_data`.
 *
 * @param coefficients are changed.
 */
export function smooth(frame: Frame, { passes, quants }: Progression, { planes, lastGood }: Coefficients): void {
  const lastRow = mcuRows(frame) - 1;
  for (const { component, values, stride, across, down } of planes) {
    const known = knownOf(component, passes);
    const factors = quants.get(component)!;
    const means = Int16Array.from({ length: values.length / 64 }, (_, block) => values[block * 64]!);
    for (let y = 0; y < down; y++) {
      const mcuRow = Math.floor(y / component.down);
      const inMcu = y % component.down;
      const inRow = mcuRow < lastRow ? component.down : down - mcuRow * component.down;
      const above = inMcu > 0 || mcuRow > 0 ? y - 1 : y;
      const above2 = inMcu > 1 || mcuRow > 1 ? y - 2 : above;
      const below = inMcu < inRow - 1 || mcuRow < lastRow ? y + 1 : y;
      const below2 = inMcu < inRow - 2 || mcuRow + 1 < lastRow ? y + 2 : below;
      const bits = mcuRow > lastGood ? known.before : known.now;
      const rows = [above2, above, y, below, below2].map((row) => row * stride);
      estimateRow(values, means, rows, across, bits, factors);
    }
  }
}

function estimateRow(
  values: Int16Array,
  means: Int16Array,
  rows: readonly number[],
  across: number,
  bits: Int8Array,
  factors: Uint16Array,
): void {
  const isAlone = bits.every((missing, k) => k === 0 || missing === -1);
  // The 25 blocks around, which slide: what is not there keeps what was there before.
  const around = Int32Array.from({ length: 25 }, (_, i) => means[rows[Math.floor(i / 5)]!]!);
  const sum = (weights: Weights) => {
    let total = 0;
    for (let i = 0; i < 25; i++) total += weights[i]! * around[i]!;
    return factors[0]! * total;
  };
  for (let x = 0; x < across; x++) {
    for (const [i, row] of rows.entries()) {
      if (x === 0 && across > 1) around[i * 5 + 3] = means[row + 1]!;
      if (x + 1 < across - 1) around[i * 5 + 4] = means[row + x + 2]!;
    }
    const block = (rows[2]! + x) * 64;
    for (let k = 1; k < places.length; k++) {
      const weights = estimates[k - 1]![isAlone ? 0 : 1];
      const missing = bits[k]!;
      const place = block + places[k]!;
      if (weights === undefined || missing === 0 || values[place] !== 0) continue;
      values[place] = quotient(sum(weights), factors[k]!, missing > 0 ? (1 << missing) - 1 : Number.POSITIVE_INFINITY);
    }
    if (isAlone) values[block] = quotient(sum(average), factors[0]!, Number.POSITIVE_INFINITY);
    for (let i = 0; i < 25; i += 5) around.copyWithin(i, i + 1, i + 5);
  }
}

/** Divides by 256 factors, rounded away from zero at a half, up to a size. */
function quotient(value: number, factor: number, most: number): number {
  const size = Math.min(most, Math.floor((factor * 128 + Math.abs(value)) / (factor * 256)));
  return value < 0 ? -size : size;
}
