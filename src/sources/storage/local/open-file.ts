import { close, closeSync, constants, fstatSync, open, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { StorageFault, type StoredFile } from '../storage.js';
import type { Call } from './calls.js';
import { leadsInside, openedPath } from './links.js';

const openAway = promisify(open);
const readAway = promisify(read);
const closeAway = promisify(close);

// O_NONBLOCK: opening a FIFO that nobody writes to would never return.
const reading = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Opens a regular file.
 *
 * @param within the folders of which its real path must lie in one, if any.
 * @throws StorageFault NOT_A_FILE, OUTSIDE_ROOT, or the file system's own error.
 */
export async function openFile(path: string, within: readonly string[] | undefined, call: Call): Promise<StoredFile> {
  const file = await call(
    () => openSync(path, reading),
    () => openAway(path, reading),
    (late) => void closeAway(late).catch(() => {}),
  );
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new StorageFault(path, 'NOT_A_FILE', false, 'something that is no regular file');
    if (within !== undefined && !(await leadsInside(await openedPath(file, path, call), within, call)))
      throw new StorageFault(path, 'OUTSIDE_ROOT', false, 'a file outside of its source');
    return {
      size: stats.size,
      read: async (into, offset) =>
        call(
          () => readSync(file, into, 0, into.length, offset),
          async () => (await readAway(file, into, 0, into.length, offset)).bytesRead,
        ),
      close: () => void closeFile(file, call),
    };
  } catch (error) {
    await closeFile(file, call);
    throw error;
  }
}

async function closeFile(file: number, call: Call): Promise<void> {
  try {
    await call(
      () => closeSync(file),
      () => closeAway(file),
    );
  } catch {
    // Nothing was written: whatever closing says, the bytes were read.
  }
}
