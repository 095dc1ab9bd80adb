import { TributaryError } from '../errors.js';
import type { Run } from '../run/run.js';

/** Samples of a run that a replica makes before the share of corrupt ones counts. */
export const probation = 100;

/**
 * Counts a run's corrupt samples on this replica and stops the run where their share exceeds `max_corrupt` after the
 * probation: a run that is mostly broken should fail and not train on what is left of it.
 *
 * @returns what counts a sample. TOO_MANY_CORRUPT where that takes the share over the bound.
 */
export function corruptBound({ name, max_corrupt }: Pick<Run, 'name' | 'max_corrupt'>): (isCorrupt: boolean) => void {
  let made = 0;
  let corrupt = 0;
  return (isCorrupt) => {
    made++;
    if (!isCorrupt) return;
    corrupt++;
    const share = corrupt / made;
    if (made <= probation || share <= max_corrupt) return;
    throw new TributaryError('TOO_MANY_CORRUPT', {
      expected: `at most ${max_corrupt * 100} % corrupt samples in run ${name}`,
      came: `${corrupt} of ${made} (${(share * 100).toFixed(1)} %)`,
      remedy: 'Mend the source that the headers and the log name, or set max_corrupt higher if these losses are meant',
      metadata: { run: name, corrupt: String(corrupt), made: String(made) },
    });
  };
}
