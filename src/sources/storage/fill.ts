import type { StoredFile } from './storage.js';

/** Reads at `offset` until `into` is full or the file ends; resolves to the number of bytes. Rejects as the file does. */
export async function fill(file: Pick<StoredFile, 'read'>, into: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const count = await file.read(done === 0 ? into : into.subarray(done), offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
