/** What the plan needs to know of a source: keys are asked for only where a seed is needed, so sources may be virtual. */
export interface PlannedSource {
  readonly name: string;
  /** At least 1. */
  readonly count: number;
  key(index: number): string;
  /** Samples that are taken out of every epoch, never all: their slots are filled as those of unreadable ones are. */
  readonly excluded?: ReadonlySet<number> | undefined;
}

/**
 * What decides the order and the seeds of a run: the input of every function of this folder. It must not change once it
 * has been handed over, as what follows from it is computed once.
 */
export interface PlanInput {
  /** Any integer in [0, 2^53). */
  readonly seed: number;
  readonly global_batch: number;
  readonly sample_t: number;
  /** Shares by source name, in any unit; null where `sample_t` decides. */
  readonly weights: Readonly<Record<string, number>> | null;
  readonly sampling: 'exact' | 'iid';
  /** The order: `val` has every sample once, as evaluation does with either split of the sources. */
  readonly split: 'train' | 'val';
  readonly sources: readonly PlannedSource[];
}

/** Which sample a slot of a global batch holds. */
export interface Slot {
  /** Index of the source in `PlanInput.sources`. */
  readonly source: number;
  /**
   * Place in the source's walk of this epoch, counted through all passes; under `iid`, where nothing is walked, the
   * slot's ordinal in the epoch, step * global batch + slot; for validation the index.
   */
  readonly position: number;
  /**
   * How often the source's walk has begun anew in this epoch; under `iid` the slot's ordinal, so that a sample that is
   * drawn twice gets two seeds; 0 for validation.
   */
  readonly pass: number;
  /** Index of the sample in its manifest. */
  readonly index: number;
}

/** One slot of a global batch before anything is read. */
export interface PlannedSample extends Slot {
  /** 32 bits, from (run seed, epoch, source name, key, pass). */
  readonly seed: number;
}
