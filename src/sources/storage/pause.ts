import { setTimeout as wait } from 'node:timers/promises';

/** The longest pause after so many attempts, in milliseconds: the first, twice as long after each further one, up to 30 times. */
export function longestPause(firstMs: number, attempts: number): number {
  return firstMs * Math.min(30, 2 ** (attempts - 1));
}

/** Waits for a random half to whole of `longestPause`, so that those who failed together do not ask together again. */
export async function pauseAfter(firstMs: number, attempts: number): Promise<void> {
  await wait(longestPause(firstMs, attempts) * (0.5 + Math.random() / 2));
}
