import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/** What the last bytes of every file in a cache folder start with; the CRC-32 of its name and its bytes follows. */
const mark = Buffer.from('TRB1');
export const trailerBytes = mark.length + 4;

/** What a file is called while it is written. */
export const partSuffix = '.part';

/** What came of looking into a cache folder: the bytes, nothing there, or something that is not what was written. */
export type CacheRead =
  | { readonly status: 'hit'; readonly bytes: Buffer }
  | { readonly status: 'miss' }
  | { readonly status: 'damaged'; readonly came: string };

/**
 * Reads a file of a cache folder. Its length, its mark and its CRC-32 must be right, and the CRC covers the name, so that
 * nothing but what was written for this sample is ever taken for it.
 *
 * @param length of the sample, in bytes.
 * @throws an error with an errno code where the folder's storage fails.
 */
export async function readCacheFile(path: string, length: number): Promise<CacheRead> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { status: 'miss' };
    if (code === 'ELOOP' || code === 'ENXIO') return { status: 'damaged', came: 'no regular file' };
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return { status: 'damaged', came: 'no regular file' };
    if (stats.size !== length + trailerBytes) return { status: 'damaged', came: `${stats.size} bytes` };
    const all = Buffer.allocUnsafeSlow(length + trailerBytes);
    for (let done = 0; done < all.length; ) {
      const { bytesRead } = await file.read(all, done, all.length - done, done);
      if (bytesRead === 0) return { status: 'damaged', came: `the end after ${done} bytes` };
      done += bytesRead;
    }
    const bytes = all.subarray(0, length);
    const isSound =
      all.subarray(length, length + mark.length).equals(mark) &&
      all.readUInt32LE(length + mark.length) === checksum(path, bytes);
    return isSound ? { status: 'hit', bytes } : { status: 'damaged', came: 'another CRC-32' };
  } finally {
    await file.close();
  }
}

/**
 * Writes a file of a cache folder. Under its name it is there whole or not at all; two who write it at once write the same.
 * It is not flushed: what a crash of the machine makes of it, reading finds out.
 *
 * @throws an error with an errno code where it cannot be written; nothing is left then.
 */
export async function writeCacheFile(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${process.pid}.${randomBytes(4).toString('hex')}${partSuffix}`;
  const trailer = Buffer.alloc(trailerBytes);
  mark.copy(trailer);
  trailer.writeUInt32LE(checksum(path, bytes), mark.length);
  try {
    const file = await openNew(part);
    try {
      await writeAll(file, [bytes, trailer]);
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}

/** Takes away what lies under a file's name, whatever it is. */
export async function removeCacheFile(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

async function openNew(part: string): ReturnType<typeof open> {
  try {
    return await open(part, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // Its folder is new, or has been deleted under way.
    await mkdir(dirname(part), { recursive: true, mode: 0o700 });
    return open(part, 'wx', 0o600);
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, parts: readonly Uint8Array[]): Promise<void> {
  let at = 0;
  for (const part of parts) {
    for (let done = 0; done < part.length; ) {
      const { bytesWritten } = await file.write(part, done, part.length - done, at);
      done += bytesWritten;
      at += bytesWritten;
    }
  }
}

function checksum(path: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(basename(path)));
}
