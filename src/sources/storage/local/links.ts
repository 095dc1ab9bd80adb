import { readlinkSync, realpath, realpathSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Call } from './calls.js';
import { isNothing } from './faults.js';

const realPathAway = promisify(realpath.native);

/** The real path of what lies at a path. @throws the file system's own error. */
export async function realPathOf(path: string, call: Call): Promise<string> {
  return call(
    () => realpathSync.native(path),
    () => realPathAway(path),
  );
}

const realFolders = new Map<string, string>();

/** Whether a real path lies in what one of the folders leads to. @throws the file system's own error. */
export async function leadsInside(real: string, folders: readonly string[], call: Call): Promise<boolean> {
  for (const folder of folders) {
    const known = realFolders.get(folder);
    if (known !== undefined && isInside(real, known)) return true;
  }
  for (const folder of folders) {
    // A folder may be a link that points elsewhere by now: only its present target can refuse.
    const present = await presentPath(folder, call);
    if (present === null) continue;
    realFolders.set(folder, present);
    if (isInside(real, present)) return true;
  }
  return false;
}

/** Null for a folder that is not there: nothing lies in it. */
async function presentPath(folder: string, call: Call): Promise<string | null> {
  try {
    return await realPathOf(folder, call);
  } catch (error) {
    if (isNothing(error)) return null;
    throw error;
  }
}

/** The real path of an open file. @throws the file system's own error. */
export async function openedPath(file: number, path: string, call: Call): Promise<string> {
  try {
    // The path of what was opened, whatever has become of the links on the way since; it never waits for the storage.
    return readlinkSync(`/proc/self/fd/${file}`);
  } catch {
    return realPathOf(path, call);
  }
}

/** Whether the real path `path` is `folder` or lies inside it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
