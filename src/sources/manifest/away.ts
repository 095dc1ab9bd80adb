import { inBatches } from '../scan/in-batches.js';
import { untilAborted } from '../storage/until-aborted.js';

/**
 * Thrown where what is asked for at once of a manifest still lies in a store. Once it has been brought it stays: whoever may wait asks
 * by `whenHere`.
 */
export class Away extends Error {
  override readonly name = 'Away';
  /** Brings it; rejects with a TributaryError where the store fails. */
  readonly bring: () => Promise<unknown>;

  constructor(bring: () => Promise<unknown>) {
    super('a part of a manifest that still lies in a store');
    this.bring = bring;
  }
}

/** All that was away, as one: it is brought at once, up to a bound. */
export function allAway(parts: readonly Away[]): Away {
  return new Away(() => inBatches(parts, ({ bring }) => bring()));
}

/**
 * What `act` gives, once all that it asks for is here: until then it is done anew each time that something has been brought.
 * Rejects as `act` does, and with the signal's reason once that is aborted.
 */
export async function whenHere<T>(act: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      const bringing = error.bring();
      await (signal === undefined ? bringing : untilAborted(bringing, signal));
    }
  }
}
