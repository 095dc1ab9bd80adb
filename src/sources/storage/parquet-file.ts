import type { AsyncBuffer } from 'hyparquet';
import { fill, type StoredFile } from './storage.js';

/** A stored file as hyparquet reads one. Its `slice` rejects as the file does. */
export function parquetFile(file: StoredFile): AsyncBuffer {
  return {
    byteLength: file.size,
    async slice(start, end = file.size) {
      const bytes = new Uint8Array(end - start);
      const count = await fill(file, bytes, start);
      if (count < bytes.length) throw new Error(`the end of the file after ${start + count} bytes`);
      return bytes.buffer;
    },
  };
}
