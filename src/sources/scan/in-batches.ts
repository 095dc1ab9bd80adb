/** Maps values with at most 64 under way at once, keeping their order. */
export async function inBatches<T, R>(values: readonly T[], map: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < values.length; start += 64)
    results.push(...(await Promise.all(values.slice(start, start + 64).map(map))));
  return results;
}
