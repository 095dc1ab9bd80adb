import type { Command } from 'commander';
import type { Logger } from 'pino';
import { SampleCaches } from '../batch/sample-caches.js';
import { TributaryError } from '../errors.js';
import { CacheFolder } from '../sources/cache-folder.js';
import { byteSize } from './options.js';

/** What `withCaching` adds to a command's flags. */
export interface CachingFlags {
  readonly cacheMemory: number;
  readonly cacheFolder?: string;
  readonly cacheDisk?: number;
  readonly cacheDecoded: number;
}

/** The options of the caches of samples, which are all off by default. */
export function withCaching(command: Command): Command {
  return command
    .option('--cache-memory <size>', 'bytes of memory for encoded files', byteSize, 0)
    .option('--cache-folder <folder>', 'local folder for encoded files')
    .option('--cache-disk <size>', 'bytes that may lie in the cache folder', byteSize)
    .option('--cache-decoded <size>', 'bytes of memory for decoded images', byteSize, 0);
}

/** Opens the caches that the flags ask for; null where none is. ARGUMENT_INVALID where half of the disk's is given. */
export async function openCaches(flags: CachingFlags, log: Logger): Promise<SampleCaches | null> {
  const { cacheMemory, cacheFolder, cacheDisk, cacheDecoded } = flags;
  if ((cacheFolder === undefined) !== (cacheDisk === undefined))
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: '--cache-folder and --cache-disk together',
      came: cacheFolder === undefined ? '--cache-disk alone' : '--cache-folder alone',
      remedy: 'Say where the cache may lie and how many bytes it may take',
    });
  const folder =
    cacheFolder === undefined || cacheDisk === undefined
      ? null
      : await CacheFolder.open({
          folder: cacheFolder,
          budget: cacheDisk,
          onTrouble: (message, detail) => log.warn(detail, message),
        });
  if (cacheMemory === 0 && cacheDecoded === 0 && folder === null) return null;
  try {
    return new SampleCaches({ memory: cacheMemory, decoded: cacheDecoded }, folder);
  } catch (cause) {
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'caches that this machine has the memory for',
      came: (cause as Error).message,
      remedy: 'Give a smaller --cache-memory or --cache-decoded',
      cause,
    });
  }
}
