import { setImmediate } from 'node:timers/promises';
import { TributaryError } from '../../src/errors.js';
import { mutantOf } from '../mutants.js';
import { randomness } from '../random-knobs.js';
import type { Branches } from './branches.js';
import type { Target } from './target.js';

/** Milliseconds that nothing may take, whatever it reads. Images have 65,536 pixels at most here. */
const longest = 2_000;
/** Mutants that reached something new are kept to be damaged again, so many, of so many bytes at most. */
const [mostKept, longestKept] = [4_096, 8_192];

/** What a target made of what it was given. */
export interface Fuzzed {
  readonly executions: number;
  readonly refused: number;
  /** Milliseconds. */
  readonly slowest: number;
  /** What was not foreseen, each with the bytes that led to it. */
  readonly found: readonly Found[];
  /** The mutants that reached branches which none before had reached. */
  readonly kept: readonly Buffer[];
}

/** Something that was not foreseen. */
export interface Found {
  readonly why: string;
  readonly bytes: Buffer;
}

/** How long a target is fuzzed, and from which seed. */
export interface Bounds {
  readonly seed: number;
  readonly executions: number;
  readonly seconds: number;
}

/**
 * Gives a target damaged seeds, damaged up to four times over; the same for the same seed. Where branches are counted, a mutant that
 * reaches a new one becomes a seed itself. It ends after so many executions, or so many seconds.
 *
 * @param onGiven is told what comes to be read, before it is.
 */
export async function fuzzTarget(
  target: Target,
  { seed, executions, seconds }: Bounds,
  branches?: Pick<Branches, 'count'>,
  onGiven: (bytes: Buffer) => void = () => {},
): Promise<Fuzzed> {
  const random = randomness(seed);
  const found = new Map<string, Found>();
  const seeds = [...target.seeds];
  const kept: Buffer[] = [];
  let [done, refused, slowest] = [0, 0, 0];
  const give = async (bytes: Buffer): Promise<void> => {
    onGiven(bytes);
    const start = performance.now();
    const why = await judged(target, bytes);
    const took = performance.now() - start;
    slowest = Math.max(slowest, took);
    if (why !== null) refused++;
    if (why)
      found.set(
        why
          .split('\n    at ', 3)
          .join()
          .replaceAll(/[\d_]+/g, 'N'),
        { why, bytes },
      );
    if (took > longest) {
      // It may have been this machine that stood still.
      const again = performance.now();
      await judged(target, bytes);
      if (performance.now() - again > longest) found.set('slow', { why: `it took ${took.toFixed(0)} ms`, bytes });
    }
  };
  for (const bytes of target.seeds) await give(bytes);
  refused = 0;
  const end = performance.now() + seconds * 1000;
  for (; done < executions && performance.now() < end; done++) {
    let bytes = random.pick(seeds);
    for (let times = random.below(4); times >= 0; times--)
      bytes = bytes.length < 2 ? bytes : mutantOf(bytes, target.format, random, random.pick(seeds)).bytes;
    // Memory of native code is given back by the event loop alone.
    if (done % 64 === 0) await setImmediate();
    if (target.mend && random.below(2) === 0) bytes = target.mend(bytes);
    const before = branches?.count;
    await give(bytes);
    if (branches?.count === before || bytes.length > longestKept || kept.length === mostKept) continue;
    kept.push(bytes);
    seeds.push(bytes);
  }
  return { executions: done, refused, slowest, found: [...found.values()], kept };
}

/** Null for what was read, an empty text for what was refused, and else what was not foreseen. */
async function judged(target: Target, bytes: Buffer): Promise<string | null> {
  try {
    await target.read(bytes);
    return null;
  } catch (error) {
    const isForeseen =
      error instanceof TributaryError ? error.reason !== 'INTERNAL' : target.isRefusal?.(error as Error);
    return isForeseen ? '' : ((error as Error).stack ?? String(error));
  }
}

/** Bytes of mutants that are written down for a target. */
const mostWritten = 16_384;

/** The shortest of a target's own seeds and of those mutants that together reach all that they do, as far as there is room. */
export async function distilled(target: Target, kept: readonly Buffer[], branches: Branches): Promise<Buffer[]> {
  branches.clear();
  const chosen: Buffer[] = [];
  let room = mostWritten;
  for (const bytes of [...kept].sort((one, other) => one.length - other.length)) {
    const before = branches.count;
    await judged(target, bytes);
    if (branches.count === before || bytes.length > room) continue;
    chosen.push(bytes);
    room -= bytes.length;
  }
  return chosen;
}
