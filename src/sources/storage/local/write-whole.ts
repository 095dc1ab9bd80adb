import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.js';

/** What a file is called while it is written. */
export const partSuffix = '.part';

/**
 * Writes a file that nobody ever sees half of: under another name, and renamed. Its folder is made. Whether it is flushed is
 * the business of `write`.
 *
 * @param modes of the file, and of a folder that is made.
 * @throws the file system's own error, or that of `write`; nothing is left then.
 */
export async function writeWhole(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  modes = { file: 0o666, folder: 0o777 },
): Promise<void> {
  const part = `${path}.${process.pid}.${randomBytes(4).toString('hex')}${partSuffix}`;
  try {
    const file = await open(part, 'wx', modes.file).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      // Its folder is new, or has been deleted under way.
      await makeFolder(dirname(path), modes.folder);
      return open(part, 'wx', modes.file);
    });
    try {
      await write(file);
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}
