/**
 * Makes one call of the file system: on the calling thread, or on libuv's threads. `undo` takes back what came after nobody waited for it
 * any more.
 */
export type Call = <T>(here: () => T | Promise<T>, away: () => Promise<T>, undo?: (late: T) => void) => T | Promise<T>;

/** A call that takes longer than this, in milliseconds, did not come from the page cache. */
const slowMs = 2;
/** So many calls go to other threads after a slow one, before the next is tried on this one: 256 samples' worth. */
const callsAway = 768;

/** Every call on the calling thread, however long it takes. */
export const hereCalls: Call = (here) => here();

/** Every call on libuv's threads: the calling thread never waits for a disk. */
export const awayCalls: Call = (_here, away) => away();

/**
 * Calls on the calling thread while the storage answers at once: a call on libuv's threads wakes two threads, which costs
 * more than reading a file that is in the page cache. After one that took long the next are made on libuv's threads, so
 * that a slow storage holds up no thread for long.
 *
 * @param now a clock in milliseconds.
 */
export function nearCalls(now: () => number = () => performance.now()): Call {
  let left = 0;
  return (here, away) => {
    if (left > 0) {
      left--;
      return away();
    }
    const start = now();
    try {
      return here();
    } finally {
      if (now() - start > slowMs) left = callsAway;
    }
  };
}
