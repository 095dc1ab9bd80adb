import { nearStorage } from '../sources/storage/near-storage.js';
import { readSample } from '../sources/storage/read.js';
import type { FileReader } from './visit.js';

/** Reads from the source itself: the last of the readers. */
export function storageReader(): FileReader {
  const storage = nearStorage();
  return async ({ location }) => ({ bytes: await readSample(location, { storage }), end: async () => {} });
}
