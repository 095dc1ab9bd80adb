import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import type { CallOptions, SourceStorage } from '../storage.js';
import { awayCalls, type Call, hereCalls, nearCalls } from './calls.js';
import { faultOf, isNothing } from './faults.js';
import { isInside, realPathOf } from './links.js';
import { listFolder } from './list-folder.js';
import { openFile } from './open-file.js';
import { statsOf, told } from './stats.js';

/**
 * Local files, by path or by `file:` URL; inside, all are paths.
 *
 * @param usual how the file system is called where the caller may not wait: the main thread never does, other threads do
 * while it answers at once.
 */
export function localFiles(usual: Call = isMainThread ? awayCalls : nearCalls()): SourceStorage {
  const callOf = (options?: CallOptions): Call => (options?.mayWait ? hereCalls : usual);
  return {
    resolve: (given) => resolve(pathOf(given)),

    async *list(folder, options) {
      const { within } = options ?? {};
      let entries: Awaited<ReturnType<typeof listFolder>>;
      try {
        entries = await listFolder(pathOf(folder), within && pathOf(within), callOf(options));
      } catch (error) {
        throw faultOf(folder, error);
      }
      yield entries;
    },

    async stat(url, options) {
      try {
        return told(await statsOf(pathOf(url), callOf(options)));
      } catch (error) {
        if (isNothing(error)) return null;
        throw faultOf(url, error);
      }
    },

    async open(url, options) {
      const { within } = options ?? {};
      try {
        const file = await openFile(pathOf(url), within && pathOf(within), callOf(options));
        return {
          ...file,
          async read(into, offset) {
            try {
              return await file.read(into, offset);
            } catch (error) {
              throw faultOf(url, error);
            }
          },
        };
      } catch (error) {
        throw faultOf(url, error);
      }
    },

    async isInside(url, folder) {
      try {
        return isInside(await realPathOf(pathOf(url), usual), await realPathOf(pathOf(folder), usual));
      } catch (error) {
        throw faultOf(url, error);
      }
    },
  };
}

function pathOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}
