import { register } from 'node:module';

/** What the marks of `branch-loader.ts` tell. */
interface Marks {
  reachedBranches: Uint8Array;
  reachBranch: (branch: number) => void;
}

/** No program that is fuzzed has as many. */
const mostBranches = 1 << 18;

/** The branches of the program that have been reached. */
export interface Branches {
  /** How many were. */
  readonly count: number;
  /** Forgets all. */
  clear(): void;
}

/** From now on modules are loaded with marks that count their branches. */
export function countBranches(): Branches {
  const reached = new Uint8Array(mostBranches);
  let count = 0;
  const marks: Marks = {
    reachedBranches: reached,
    reachBranch(branch) {
      reached[branch] = 1;
      count++;
    },
  };
  Object.assign(globalThis, marks);
  register('./branch-loader.js', import.meta.url);
  return {
    get count() {
      return count;
    },
    clear() {
      reached.fill(0);
      count = 0;
    },
  };
}
