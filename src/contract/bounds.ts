import { TributaryError } from '../errors.js';

/** What one request may ask for: all of it is known before any of it is done. docs/guarantees.md has the reasons. */
export const bounds = {
  /** Slots of one batch: of a rank's share of a step. */
  slots: 16_384,
  /** Epochs of a schedule that come in one answer. */
  epochs: 10_000,
  /** Characters of a run that a request carries. */
  inlineRun: 65_536,
  /** Seconds in which such a run is read. */
  inlineSeconds: 1,
} as const;

/**
 * Refuses what is beyond a bound, by name.
 *
 * @param asked how much of it is asked for.
 * @param what it is, as in `slots in a batch`.
 * @throws TributaryError TOO_MUCH_ASKED
 */
export function checkBound(asked: number, bound: number, what: string, remedy: string): void {
  if (asked <= bound) return;
  throw new TributaryError('TOO_MUCH_ASKED', {
    expected: `at most ${bound} ${what}`,
    came: `${asked}`,
    remedy,
    metadata: { asked: String(asked), bound: String(bound) },
  });
}
