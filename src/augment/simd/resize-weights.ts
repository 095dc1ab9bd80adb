import { LRUCache } from 'lru-cache';
import { discard } from '../../memory/discard.js';

/** Pillow's resampling filters that the resize uses. */
export type ResizeFilter = 'BILINEAR' | 'BICUBIC';

/** The taps of one direction of a resize, as the kernels read them. */
export interface ResizeWeights {
  /** int32 `[count, 2]`: the first input pixel and the number of pairs of taps. */
  readonly bounds: Int32Array;
  /** int16 `[count, pairs, 4]`: upper, upper, lower, lower of two 22-bit weights `upper * 2^11 + lower`. */
  readonly weights: Int16Array;
  /** The longest number of pairs. */
  readonly pairs: number;
}

const filters = {
  BILINEAR: { support: 1, at: (x: number) => (Math.abs(x) < 1 ? 1 - Math.abs(x) : 0) },
  BICUBIC: { support: 2, at: bicubic },
} as const;

function bicubic(at: number): number {
  const a = -0.5;
  const x = Math.abs(at);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// A thread's scratch: hundreds of kB for every image would wait for the collector.
let fixed = new Int32Array(0);

/**
 * Pillow's weights, in double and rounded to 22 bits as Pillow does, less the zeros at both ends.
 *
 * Source: Pillow/Resample.c, `precompute_coeffs` and `normalize_coeffs_8bpc`.
 */
function computeWeights(
  input: number,
  output: number,
  filter: ResizeFilter,
  from: number,
  outputs: number,
): ResizeWeights {
  const { support: width, at } = filters[filter];
  const scale = input / output;
  const filterScale = Math.max(scale, 1);
  const support = width * filterScale;
  const inverse = 1 / filterScale;
  const longest = 2 * Math.ceil(support) + 1;
  if (fixed.length < outputs * longest) fixed = new Int32Array(outputs * longest);
  const taps = new Float64Array(longest);
  const bounds = new Int32Array(2 * outputs);
  let pairs = 1;
  for (let x = 0; x < outputs; x++) {
    const centre = (from + x + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const count = Math.min(Math.trunc(centre + support + 0.5), input) - start;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      taps[k] = at((k + start - centre + 0.5) * inverse);
      sum += taps[k]!;
    }
    const row = x * longest;
    fixed.fill(0, row, row + longest);
    let first = count;
    let last = 0;
    for (let k = 0; k < count; k++) {
      const weight = sum === 0 ? taps[k]! : taps[k]! / sum;
      const q = Math.trunc(weight * 4194304 + (weight < 0 ? -0.5 : 0.5));
      fixed[row + k] = q;
      if (q === 0) continue;
      if (first === count) first = k;
      last = k;
    }
    // The taps that remain move to the row's start, where the pairs are read from.
    fixed.copyWithin(row, row + first, row + last + 1);
    fixed.fill(0, row + last + 1 - first, row + longest);
    bounds[2 * x] = start + first;
    bounds[2 * x + 1] = (last - first + 2) >> 1;
    pairs = Math.max(pairs, bounds[2 * x + 1]!);
  }
  const weights = new Int16Array(outputs * pairs * 4);
  for (let x = 0; x < outputs; x++) {
    for (let k = 0; k < bounds[2 * x + 1]!; k++) {
      const [a, b] = [fixed[x * longest + 2 * k]!, 2 * k + 1 < longest ? fixed[x * longest + 2 * k + 1]! : 0];
      const to = 4 * (x * pairs + k);
      weights[to] = a >> 11;
      weights[to + 1] = b >> 11;
      weights[to + 2] = a & 2047;
      weights[to + 3] = b & 2047;
    }
  }
  return { bounds, weights, pairs };
}

let previous: ResizeWeights | undefined;
const cache = new LRUCache<string, ResizeWeights>({
  maxSize: 8 * 1024 * 1024,
  sizeCalculation: ({ bounds, weights }) => bounds.byteLength + weights.byteLength,
  dispose: (entry) => {
    if (entry === previous) return;
    discard(entry.weights);
    discard(entry.bounds);
  },
});

/**
 * The weights of one direction of Pillow's resize from `input` to `output` pixels, for `count` output pixels from `first` on: no
 * more are computed. Those used last are kept, 8 MiB of them in each thread. What a call yields is good until the call after
 * the next: a resize takes two.
 */
export function resizeWeights(
  input: number,
  output: number,
  filter: ResizeFilter,
  first = 0,
  count = output,
): ResizeWeights {
  const key = `${input}:${output}:${filter}:${first}:${count}`;
  let weights = cache.get(key);
  if (weights === undefined) {
    weights = computeWeights(input, output, filter, first, count);
    cache.set(key, weights);
  }
  previous = weights;
  return weights;
}
