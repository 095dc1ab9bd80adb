import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { isNothing } from '../sources/storage/local/faults.js';
import { writeWhole } from '../sources/storage/local/write-whole.js';
import { fill } from '../sources/storage/storage.js';

/** What the last bytes of every file in a cache folder start with; the CRC-32 of its name and its bytes follows. */
const mark = Buffer.from('TRB1');
export const trailerBytes = mark.length + 4;

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
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (isNothing(error)) return { status: 'miss' };
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP' || code === 'ENXIO') return { status: 'damaged', came: 'no regular file' };
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return { status: 'damaged', came: 'no regular file' };
    if (stats.size !== length + trailerBytes) return { status: 'damaged', came: `${stats.size} bytes` };
    const all = Buffer.allocUnsafeSlow(length + trailerBytes);
    const read = async (into: Uint8Array, at: number) => (await file.read(into, 0, into.length, at)).bytesRead;
    const count = await fill({ read }, all, 0);
    if (count < all.length) return { status: 'damaged', came: `the end after ${count} bytes` };
    const bytes = all.subarray(0, length);
    const isSound = all.subarray(length).equals(trailerOf(path, bytes));
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
  const write = async (file: FileHandle): Promise<void> => {
    await file.writeFile(bytes);
    await file.writeFile(trailerOf(path, bytes));
  };
  await writeWhole(path, write, { file: 0o600, folder: 0o700 });
}

function trailerOf(path: string, bytes: Uint8Array): Buffer {
  const trailer = Buffer.alloc(trailerBytes);
  mark.copy(trailer);
  trailer.writeUInt32LE(crc32(bytes, crc32(basename(path))), mark.length);
  return trailer;
}
