/** What the plan needs to know of a source: keys are asked for only where a seed is needed, so sources may be virtual. */
export interface PlannedSource {
  readonly name: string;
  readonly count: number;
  key(index: number): string;
}

/** What decides the order and the seeds of a run: the input of every function of this folder. */
export interface PlanInput {
  readonly seed: number;
  readonly global_batch: number;
  readonly sample_t: number;
  readonly weights: Readonly<Record<string, number>> | null;
  readonly sampling: 'exact' | 'iid';
  readonly split: 'train' | 'val';
  readonly sources: readonly PlannedSource[];
}

/** One slot of a global batch before anything is read. */
export interface PlannedSample {
  /** Index of the source in `PlanInput.sources`. */
  readonly source: number;
  /** Place in the source's walk of this epoch, counted through all passes. */
  readonly position: number;
  /** How often the source's walk has begun anew in this epoch. */
  readonly pass: number;
  /** Index of the sample in its manifest. */
  readonly index: number;
  /** 32 bits, from (run seed, epoch, source name, key, pass). */
  readonly seed: number;
}

/** A rank's share of a step: `run` and `fingerprint` are the caller's. */
export interface Address {
  readonly epoch: number;
  readonly step: number;
  readonly rank: number;
  readonly worldSize: number;
}
