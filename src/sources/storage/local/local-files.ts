import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import type { CallOptions, SourceStorage } from '../storage.js';
import { awayCalls, type Call, hereCalls, nearCalls } from './calls.js';
import { faultOf, isNothing } from './faults.js';
import { isInside, realPathOf } from './links.js';
import { listFolder } from './list-folder.js';
import { openFile } from './open-file.js';
import { isNear, patientCalls } from './patient-calls.js';
import { measured, statsOf, told } from './stats.js';

/**
 * Local files, by path or by `file:` URL; inside, all are paths.
 *
 * @param given how the file system is called where the caller may not wait. Where it is not given, the main thread never does; other
 * threads do for files that lie on this machine, while they come at once.
 */
export function localFiles(given?: Call): SourceStorage {
  const usual = given ?? (isMainThread ? awayCalls : nearCalls());
  const callOf = (options?: CallOptions): Call => (options?.mayWait ? hereCalls : usual);
  const opening = given === undefined ? callsOfFolders(usual) : async () => given;
  return {
    isFar: false,
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
        const folder = within?.[0];
        const call = folder === undefined || options.mayWait ? callOf(options) : await opening(pathOf(folder));
        const file = await openFile(pathOf(url), within?.map(pathOf), call);
        return { ...file, read: (into, offset) => orFault(url, () => file.read(into, offset)) };
      }),

    isInside: (url, folder) =>
      orFault(url, async () => isInside(await realPathOf(pathOf(url), usual), await realPathOf(pathOf(folder), usual))),
  };
}

/** How files of a source are opened and read: patiently, unless its folder is near. */
function callsOfFolders(near: Call): (folder: string) => Promise<Call> {
  const known = new Map<string, Call>();
  return async (folder) => {
    const found = known.get(folder);
    if (found !== undefined) return found;
    const patient = patientCalls(folder);
    known.set(folder, patient);
    try {
      if (!isMainThread && (await isNear(folder, patient))) known.set(folder, near);
    } catch {
      // What is wrong with the folder its files say.
      known.delete(folder);
    }
    return known.get(folder) ?? patient;
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
