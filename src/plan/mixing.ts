import type { PlanInput } from './input.js';

/** Neighbouring sources that take their samples together: see `prepareMixing`. */
interface Group {
  readonly first: number;
  readonly end: number;
  /** The group's sources, least weight first. */
  readonly ascending: readonly number[];
}

/** The shares of a run's sources as exact ratios of integers. */
export interface Mixing {
  /** p_i, for people; the counts come from the exact weights. */
  readonly shares: readonly number[];
  readonly weights: readonly bigint[];
  /** Sums of the weights before each source; one more than there are sources. */
  readonly cumulative: readonly bigint[];
  readonly groups: readonly Group[];
}

/** The weight of each source before it is divided by their sum: as given, or N_i^(1 - t). */
function rawWeights({ sources, weights, sample_t }: PlanInput): number[] {
  if (weights !== null) return sources.map(({ name }) => weights[name]!);
  if (sample_t === 1) return sources.map(() => 1);
  // The square root is rounded correctly by every engine; a power is not everywhere.
  if (sample_t === 0.5) return sources.map(({ count }) => Math.sqrt(count));
  return sources.map(({ count }) => count ** (1 - sample_t));
}

/** The integers that stand to each other as the decimal numbers do that these values are written as. */
function integersInRatio(values: readonly number[]): bigint[] {
  const decimals = values.map((value) => {
    const [digits = '', exponent = '0'] = String(value).split('e');
    const [whole = '', fraction = ''] = digits.split('.');
    return { digits: BigInt(whole + fraction), scale: Number(exponent) - fraction.length };
  });
  const least = Math.min(...decimals.map(({ scale }) => scale));
  return decimals.map(({ digits, scale }) => digits * 10n ** BigInt(scale - least));
}

/** a * b / c rounded to the nearest integer, halves upwards, without any error. */
function roundedRatio(a: bigint, b: bigint, c: bigint): bigint {
  return (2n * a * b + c) / (2n * c);
}

/**
 * Makes the shares p_i = N_i^(1 - t) / sum, or those of the given weights.
 *
 * Weights are integers in the ratio of the decimal numbers that they are written as, so 0.3 means three tenths, P_n is 1
 * and no count suffers from floating point at any size.
 *
 * A step takes B_i(k + 1) - B_i(k) - (B_{i-1}(k + 1) - B_{i-1}(k)) samples of source i. That cannot be negative where
 * p_i * G >= 1, nor for the first and the last source; for another source of less than one sample a step, it could be -1.
 * Such a source therefore forms a group with those that follow it, until the group has one sample a step or the sources
 * end. The group's count is the difference of the two B around it, and is split inside, least weight first: each takes
 * round(w / rest * what is left), the largest takes what remains. Every source outside such groups has the plain form.
 */
export function prepareMixing(input: PlanInput): Mixing {
  const weights = integersInRatio(rawWeights(input));
  const cumulative = [0n];
  for (const weight of weights) cumulative.push(cumulative.at(-1)! + weight);
  const total = cumulative.at(-1)!;
  const globalBatch = BigInt(input.global_batch);
  const groups: Group[] = [];
  for (let first = 0, end = 0; first < weights.length; first = end) {
    end = first + 1;
    while (first > 0 && end < weights.length && (cumulative[end]! - cumulative[first]!) * globalBatch < total) end++;
    const members = Array.from({ length: end - first }, (_, i) => first + i);
    const ascending = members.sort((a, b) => (weights[a]! < weights[b]! ? -1 : weights[a]! > weights[b]! ? 1 : a - b));
    groups.push({ first, end, ascending });
  }
  return { shares: weights.map((weight) => ratio(weight, total)), weights, cumulative, groups };
}

/** a / b as a float, for integers that may themselves be too large for one. */
function ratio(a: bigint, b: bigint): number {
  return Number((a << 64n) / b) / 2 ** 64;
}

/**
 * How many samples of each source the first `samples` = G * k samples of an epoch hold, C_i(k): monotone in k, summing to
 * `samples`, O(sources) for any k.
 */
export function countsBefore({ weights, cumulative, groups }: Mixing, samples: number): number[] {
  const total = cumulative.at(-1)!;
  const before = BigInt(samples);
  const counts = new Array<number>(weights.length);
  let boundary = 0n;
  for (const { first, end, ascending } of groups) {
    const next = roundedRatio(cumulative[end]!, before, total);
    let left = next - boundary;
    let rest = cumulative[end]! - cumulative[first]!;
    for (const source of ascending) {
      const taken = roundedRatio(weights[source]!, left, rest);
      counts[source] = Number(taken);
      left -= taken;
      rest -= weights[source]!;
    }
    boundary = next;
  }
  return counts;
}

/**
 * The share p_i of each source, in the run's order; they sum to 1. For validation, its part of all samples.
 */
export function shares(input: PlanInput): readonly number[] {
  return prepareMixing(input.split === 'val' ? { ...input, sample_t: 0, weights: null } : input).shares;
}
