import { setImmediate as turned } from 'node:timers/promises';
import { Away, allAway } from '../sources/manifest/away.js';

/** Milliseconds of the main thread after which others have their turn. */
const slice = 4;
/** What is made between two looks at the clock. */
const unwatched = 16;

/** When the event loop last turned, as far as somebody has asked since; null where nobody has. */
let since: number | null = null;

/**
 * Lets the event loop turn where the work since its last turn has taken its slice. Whoever works on the main thread for each of many
 * things awaits this between them: so nobody waits for longer than a slice and the largest of these things.
 */
export async function breathe(): Promise<void> {
  const now = performance.now();
  if (since === null) {
    since = now;
    setImmediate(() => {
      since = null;
    });
  } else if (now - since > slice) await turned();
}

/**
 * Makes `count` things one after the other, in slices of the main thread. Rejects with the signal's reason once that is aborted, and
 * in the end with all that was `Away`, which then comes at once and not one after the other.
 */
export async function inSlices<T>(count: number, make: (number: number) => T, signal?: AbortSignal): Promise<T[]> {
  const made: T[] = [];
  const away: Away[] = [];
  for (let number = 0; number < count; number++) {
    if (number % unwatched === 0) {
      await breathe();
      signal?.throwIfAborted();
    }
    try {
      made.push(make(number));
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      away.push(error);
    }
  }
  if (away.length > 0) throw allAway(away);
  return made;
}
