/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** A figure over the rounds of a bench. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Median, least and most of some rounds' values. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/**
 * Ratios of two series round by round: neighbours in time share the machine's mood, so their ratio is steadier than the
 * ratio of the medians. Rounds that lack either are left out.
 */
export function pairedRatios(
  above: ReadonlyMap<number, number>,
  below: ReadonlyMap<number, number>,
): readonly number[] {
  const ratios: number[] = [];
  for (const [round, value] of above) {
    const other = below.get(round);
    if (other !== undefined) ratios.push(value / other);
  }
  return ratios;
}

/** Values by a key of theirs, keys and values in the order in which they first come. */
export function grouped<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group === undefined) groups.set(key(value), [value]);
    else group.push(value);
  }
  return groups;
}
