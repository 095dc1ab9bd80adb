// More would leave threads idle at a batch's end for what little it saves.
const most = 4;

/**
 * How many samples a task has: a message, a wake-up and a place in the queue for each sample cost the main thread more than
 * the bytes that it sends, but every thread should have some of a batch.
 */
export function groupSize(samples: number, threads: number): number {
  return Math.min(most, Math.max(1, Math.floor(samples / threads)));
}

/** Runs of `size` neighbours, the last perhaps shorter. */
export function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
