import { fill, type StoredFile } from '../storage/storage.js';

/**
 * Reads a few kilobytes at a time: the headers of a sample and its small siblings lie close together. What it gives is
 * `length` bytes at `offset`, valid until the next call, or null where the file has fewer.
 */
export function windowOf(file: StoredFile): (offset: number, length: number) => Promise<Buffer | null> {
  const buffer = Buffer.alloc(4096);
  let start = 0;
  let held = 0;
  return async (offset, length) => {
    if (length > buffer.length) {
      const large = Buffer.alloc(length);
      return (await fill(file, large, offset)) < length ? null : large;
    }
    if (offset < start || offset + length > start + held) {
      held = await fill(file, buffer, offset);
      start = offset;
      if (held < length) return null;
    }
    return buffer.subarray(offset - start, offset - start + length);
  };
}
