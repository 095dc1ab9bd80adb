import { TributaryError } from '../errors.js';
import type { Run } from '../run/run.js';

/** Samples of a run that a replica makes before the share of corrupt ones counts. */
export const probation = 100;

/**
 * Counts a run's corrupt samples on this replica and stops the run where their share exceeds `max_corrupt` after the
 * probation: a run that is mostly broken should fail and not train on what is left of it.
 */
export class CorruptBound {
  readonly #run: Run;
  #made = 0;
  #corrupt = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Counts a sample. TOO_MANY_CORRUPT where that takes the share over the bound. */
  count(corrupt: boolean): void {
    this.#made++;
    if (!corrupt) return;
    this.#corrupt++;
    const share = this.#corrupt / this.#made;
    if (this.#made <= probation || share <= this.#run.max_corrupt) return;
    throw new TributaryError('TOO_MANY_CORRUPT', {
      expected: `at most ${this.#run.max_corrupt * 100} % corrupt samples in run ${this.#run.name}`,
      came: `${this.#corrupt} of ${this.#made} (${(share * 100).toFixed(1)} %)`,
      remedy: 'Mend the source that the headers and the log name, or set max_corrupt higher if these losses are meant',
      metadata: { run: this.#run.name, corrupt: String(this.#corrupt), made: String(this.#made) },
    });
  }
}
