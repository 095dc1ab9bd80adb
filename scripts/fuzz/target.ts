import { existsSync, readFileSync } from 'node:fs';

/** A parser of what others wrote, with texts or files that it reads. */
export interface Target {
  /** How `mutantOf` damages it. */
  readonly format: string;
  readonly seeds: readonly Buffer[];
  /** Reads what may be anything: it may refuse it with a TributaryError, and do nothing else that was not foreseen. */
  readonly read: (bytes: Buffer) => Promise<unknown> | unknown;
  /** Whether the error is a refusal, beside those of the project. */
  readonly isRefusal?: (error: Error) => boolean;
  /** Whether its seeds are made anew for each run: mutants of one say nothing to another. */
  readonly isFresh?: true;
  /** Makes checksums right again where it can, so that more is read than they: every second mutant is given so. */
  readonly mend?: (bytes: Buffer) => Buffer;
}

/** The seeds that a file has, a line each, in base64; none where there is none. */
export function textSeeds(path: string): Buffer[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => Buffer.from(line, 'base64'));
}
