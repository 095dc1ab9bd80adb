import type { Range } from './object-store.js';

/** Bytes of an object, and what the store said of it. */
export interface Fetched {
  readonly offset: number;
  /** As many as the range has in the object: who asked may do with them what it likes. */
  readonly bytes: Buffer;
  readonly size: number;
  readonly version: string;
}

/** Fetches a range of an object of this version, or of any. */
export type FetchRange = (url: string, range: Range, version: string | undefined) => Promise<Fetched>;

/** What lies between two ranges is fetched with them up to this many bytes: less than a request takes. */
const gapBytes = 64 * 1024;
/** What one request fetches at most, unless a single range is larger: a task's reading ahead. */
const joinedBytes = 4 * 1024 * 1024;

interface Asked {
  readonly range: Range;
  readonly resolve: (fetched: Fetched) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one request of ranges that lie close together in an object and are asked for at once: an evaluation reads the members of
 * a shard in their order, and a worker thread asks for a task's samples in one go.
 */
export function joinNeighbours(fetch: FetchRange): FetchRange {
  const waiting = new Map<string, Asked[]>();
  return (url, range, version) =>
    new Promise((resolve, reject) => {
      const key = `${version} ${url}`;
      const asked = waiting.get(key) ?? [];
      asked.push({ range, resolve, reject });
      if (waiting.has(key)) return;
      waiting.set(key, asked);
      setImmediate(() => {
        waiting.delete(key);
        for (const group of groupsOf(asked)) void answer(group, (all) => fetch(url, all, version));
      });
    });
}

async function answer(group: readonly Asked[], fetch: (range: Range) => Promise<Fetched>): Promise<void> {
  const { offset } = group[0]!.range;
  try {
    const fetched = await fetch({ offset, length: endOf(group) - offset });
    if (group.length === 1) return group[0]!.resolve(fetched);
    for (const { range, resolve } of group) {
      const start = range.offset - offset;
      const bytes = Buffer.from(fetched.bytes.subarray(start, start + range.length));
      resolve({ ...fetched, offset: range.offset, bytes });
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}

function groupsOf(asked: readonly Asked[]): Asked[][] {
  const groups: Asked[][] = [];
  for (const one of asked.toSorted((a, b) => a.range.offset - b.range.offset)) {
    const group = groups.at(-1);
    const end = one.range.offset + one.range.length;
    const isNear = group !== undefined && one.range.offset - endOf(group) <= gapBytes;
    if (isNear && end - group[0]!.range.offset <= joinedBytes) group.push(one);
    else groups.push([one]);
  }
  return groups;
}

function endOf(group: readonly Asked[]): number {
  return Math.max(...group.map(({ range }) => range.offset + range.length));
}
