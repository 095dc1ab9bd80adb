/** A parser of what others wrote, with texts or files that it reads. */
export interface Target {
  /** How `mutantOf` damages it. */
  readonly format: string;
  readonly seeds: readonly Buffer[];
  /** Reads what may be anything: it may refuse it with a TributaryError, and do nothing else that was not foreseen. */
  readonly read: (bytes: Buffer) => Promise<unknown> | unknown;
  /** Whether the error is a refusal, beside those of the project. */
  readonly isRefusal?: (error: Error) => boolean;
  /** Makes checksums right again where it can, so that more is read than they: every second mutant is given so. */
  readonly mend?: (bytes: Buffer) => Buffer;
}
