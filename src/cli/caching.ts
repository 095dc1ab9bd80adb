import { totalmem } from 'node:os';
import type { Logger } from 'pino';
import { CacheFolder } from '../cache/cache-folder.js';
import { SampleCaches } from '../cache/sample-caches.js';
import { TributaryError } from '../errors.js';

/** What a command's flags say of the caches. */
export interface CachingFlags {
  readonly cacheMemory: number;
  readonly cacheFolder?: string | undefined;
  readonly cacheDisk?: number | undefined;
  readonly cacheDecoded: number;
}

/** Opens the caches that the flags ask for. ARGUMENT_INVALID where they cannot be. */
export async function openCaches(flags: CachingFlags, log: Logger): Promise<SampleCaches> {
  const { cacheMemory, cacheFolder, cacheDisk, cacheDecoded } = flags;
  if ((cacheFolder === undefined) !== (cacheDisk === undefined))
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: '--cache-folder and --cache-disk together',
      came: cacheFolder === undefined ? '--cache-disk alone' : '--cache-folder alone',
      remedy: 'Say where the cache may lie and how many bytes it may take',
    });
  checkMemory(flags);
  const folder =
    cacheFolder === undefined || cacheDisk === undefined
      ? null
      : await CacheFolder.open({
          folder: cacheFolder,
          budget: cacheDisk,
          onTrouble: (message, detail) => log.warn(detail, message),
        });
  return new SampleCaches({ memory: cacheMemory, decoded: cacheDecoded }, folder);
}

/** ARGUMENT_INVALID where the machine has not the memory that the caches are to take, of all processes of a replica together. */
export function checkMemory({ cacheMemory, cacheDecoded }: CachingFlags): void {
  // The system promises more memory than it has, and ends the process that believes it.
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  if (cacheMemory + cacheDecoded > memory)
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: `caches that fit in this machine's ${memory} bytes of memory`,
      came: `--cache-memory ${cacheMemory} and --cache-decoded ${cacheDecoded}`,
      remedy: 'Give smaller sizes, which leave room for --memory as well',
    });
}
