import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import type { CallOptions, SourceStorage } from '../storage.js';
import { awayCalls, type Call, hereCalls, nearCalls } from './calls.js';
import { faultOf, isNothing } from './faults.js';
import { isInside, realPathOf } from './links.js';
import { listFolder } from './list-folder.js';
import { openFile } from './open-file.js';
import { measured, statsOf, told } from './stats.js';

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

    async *list(folder, { within, ...options } = {}) {
      yield await orFault(folder, () => listFolder(pathOf(folder), within?.map(pathOf), callOf(options)));
    },

    stat: (url, options) =>
      orFault(url, async () => {
        try {
          return told(await statsOf(pathOf(url), callOf(options)));
        } catch (error) {
          if (isNothing(error)) return null;
          throw error;
        }
      }),

    measure: (folder, names) =>
      orFault(folder, async () => {
        const path = pathOf(folder);
        return names.map((name) => measured(`${path}/${name}`));
      }),

    open: (url, { within, ...options } = {}) =>
      orFault(url, async () => {
        const file = await openFile(pathOf(url), within?.map(pathOf), callOf(options));
        return { ...file, read: (into, offset) => orFault(url, () => file.read(into, offset)) };
      }),

    isInside: (url, folder) =>
      orFault(url, async () => isInside(await realPathOf(pathOf(url), usual), await realPathOf(pathOf(folder), usual))),
  };
}

async function orFault<T>(url: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw faultOf(url, error);
  }
}

function pathOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}
