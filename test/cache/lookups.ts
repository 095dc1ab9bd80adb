import { join } from 'node:path';
import type { Lookup, Whereabouts } from '../../src/cache/lookup.js';
import { type ArenaBuffers, arenaBuffers } from '../../src/memory/arena.js';
import { defaultLimits } from '../../src/run/limits.js';

/** No cache. */
export const none = arenaBuffers(0, 4096);
/** A cache with room for every image of these tests. */
export const large = (): ArenaBuffers => arenaBuffers(2 ** 26, 16_384);

/** A task's lookup to a file. */
export function lookupOf(
  path: string,
  file: Buffer,
  whereabouts: Whereabouts = { in: 'storage' },
  limits = defaultLimits,
): Lookup {
  const location = { path, root: join(path, '..'), offset: null, length: file.length };
  return { location, limits, whereabouts, news: [] };
}

/** The chain that a lookup has filled in a cache; undefined where it has filled none. */
export function filled({ news }: Lookup, cache: 'memory' | 'decoded'): number | undefined {
  for (const item of news) if (item.kind === 'filled' && item.cache === cache) return item.chain;
  return undefined;
}
