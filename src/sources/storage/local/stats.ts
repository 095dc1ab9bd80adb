import { type BigIntStats, type Dirent, stat, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Measured, Stat } from '../storage.js';
import type { Call } from './calls.js';

const statAway = promisify(stat);

/** Time stamps of a file system are this coarse at worst: what is younger may change without its time changing. */
const youngNanoseconds = 2_000_000_000n;

/** What lies at a path, links followed. @throws the file system's own error. */
export function statsOf(path: string, call: Call): BigIntStats | Promise<BigIntStats> {
  return call(
    () => statSync(path, { bigint: true }),
    () => statAway(path, { bigint: true }),
  );
}

/** The same as those above know it. The version is the modification time in nanoseconds. */
export function told(stats: BigIntStats): Stat {
  const isYoung = BigInt(Date.now()) * 1_000_000n - stats.mtimeNs < youngNanoseconds;
  return { kind: kindOf(stats), size: Number(stats.size), version: isYoung ? '0' : String(stats.mtimeNs) };
}

/**
 * Kind and size of what lies at a path, links followed; null for nothing. It holds the thread: a walk asks for every file, and
 * a promise for each costs as much as the answer.
 *
 * @throws the file system's own error.
 */
export function measured(path: string): Measured | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : { kind: kindOf(stats), size: stats.size };
}

/** The kind of something that lies somewhere, if it is no link. */
export function kindOf(found: Pick<Dirent, 'isFile' | 'isDirectory'>): Measured['kind'] {
  return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'not_a_file';
}
