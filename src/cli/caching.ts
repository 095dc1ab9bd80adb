import { totalmem } from 'node:os';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import { CacheFolder } from '../cache/cache-folder.js';
import { SampleCaches } from '../cache/sample-caches.js';
import { TributaryError } from '../errors.js';
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

/** Opens the caches that the flags ask for. ARGUMENT_INVALID where they cannot be. */
export async function openCaches(flags: CachingFlags, log: Logger): Promise<SampleCaches> {
  const { cacheMemory, cacheFolder, cacheDisk, cacheDecoded } = flags;
  if ((cacheFolder === undefined) !== (cacheDisk === undefined))
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: '--cache-folder and --cache-disk together',
      came: cacheFolder === undefined ? '--cache-disk alone' : '--cache-folder alone',
      remedy: 'Say where the cache may lie and how many bytes it may take',
    });
  // The system promises more memory than it has, and ends the process that believes it.
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  if (cacheMemory + cacheDecoded > memory)
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: `caches that fit in this machine's ${memory} bytes of memory`,
      came: `--cache-memory ${cacheMemory} and --cache-decoded ${cacheDecoded}`,
      remedy: 'Give smaller sizes, which leave room for --memory as well',
    });
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
