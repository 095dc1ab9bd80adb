import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../storage/local/make-folder.js';

/*
 * The folder of manifests is local by definition: a replica loads it whole at its start. So this file, and beside it the
 * local storage, are all in this room that knows of a file system.
 */

/** What a manifest is written to. */
export type WritableFile = Pick<FileHandle, 'writeFile'>;

/**
 * Writes a file that nobody ever sees half of: under another name, flushed, and renamed. Its folder is made.
 *
 * @throws the file system's own error, or that of `write`; nothing is left then.
 */
export async function writeWhole(path: string, write: (file: WritableFile) => Promise<void>): Promise<void> {
  const part = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    await makeFolder(dirname(path));
    const file = await open(part, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}

/** Opens a file for reading. @throws the file system's own error. */
export async function openFile(path: string): Promise<FileHandle> {
  return open(path, 'r');
}

/** Takes a file away, if it is there. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
