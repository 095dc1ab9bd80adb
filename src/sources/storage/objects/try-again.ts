import { longestPause, pauseAfter } from '../pause.js';
import { StorageFault } from '../storage.js';

/** How patient one is with a store. */
export interface Patience {
  /** Attempts at most. */
  readonly attempts: number;
  /** The first pause in milliseconds, as `pauseAfter` has it. */
  readonly pauseMs: number;
  /** An attempt in which nothing comes for so long, in milliseconds, is given up. */
  readonly stallMs: number;
  /** No attempt is begun after this time, in milliseconds. */
  readonly budgetMs: number;
}

/** Ten seconds of pauses: as long as stores take to give way to a burst of requests. */
export const usualPatience: Patience = { attempts: 8, pauseMs: 100, stallMs: 10_000, budgetMs: 45_000 };

/** One attempt. It is to reject soon after `signal` is aborted, and to say each time that something has come. */
export type Attempt<T> = (signal: AbortSignal, onProgress: () => void) => Promise<T>;

/**
 * Tries until it succeeds, as long as the faults are of the kind that time mends and patience lasts.
 *
 * @param admit lets an attempt begin when there is room for it.
 * @throws the last StorageFault, with the number of attempts.
 */
export async function tryAgain<T>(
  url: string,
  act: Attempt<T>,
  patience: Patience,
  admit: (attempt: () => Promise<T>) => Promise<T> = (attempt) => attempt(),
): Promise<T> {
  const start = performance.now();
  for (let attempts = 1; ; attempts++) {
    try {
      return await admit(() => watched(url, act, patience.stallMs));
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      error.attempts = attempts;
      const isLate = performance.now() - start + longestPause(patience.pauseMs, attempts) > patience.budgetMs;
      if (!error.mayPass || error.remedy !== null || attempts >= patience.attempts || isLate) throw error;
      await pauseAfter(patience.pauseMs, attempts);
    }
  }
}

async function watched<T>(url: string, act: Attempt<T>, stallMs: number): Promise<T> {
  const call = new AbortController();
  const watch = setTimeout(() => {
    call.abort(new StorageFault(url, 'HUNG', true, `nothing from the store in ${stallMs / 1000} s`));
  }, stallMs);
  try {
    return await act(call.signal, () => watch.refresh());
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : error;
  } finally {
    clearTimeout(watch);
  }
}
