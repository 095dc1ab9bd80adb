import { rm } from 'node:fs/promises';
import { readCacheFile, writeCacheFile } from './cache-file.js';
import type { CacheFile } from './cache-folder.js';
import type { FileReader, Lookup } from './lookup.js';

/** Reads from the cache folder, and stores there what the next reader has read, where there is room. */
export function folderReader(next: FileReader): FileReader {
  return async (lookup) => {
    if (lookup.whereabouts.in !== 'folder') return next(lookup);
    const { file: kept } = lookup.whereabouts;
    const found = await look(lookup, kept);
    if (found !== null) return { bytes: found, end: async () => {} };
    const file = await next(lookup);
    const storing = store(lookup, kept, file.bytes);
    // It is awaited at the end; until then its failure must not count as unhandled.
    storing.catch(() => {});
    return {
      bytes: file.bytes,
      async end() {
        await storing;
        await file.end();
      },
    };
  };
}

async function look({ location, news }: Lookup, { path, isBeingStored }: CacheFile): Promise<Buffer | null> {
  try {
    const read = await readCacheFile(path, location.length);
    news.push({ kind: read.status === 'hit' ? 'found' : 'missed' });
    if (read.status === 'hit') return read.bytes;
    if (read.status === 'damaged') {
      news.push({ kind: 'damaged', came: read.came });
      // Whatever lies there, a folder for one; but not what another task may have put in its place since.
      if (!isBeingStored) await rm(path, { recursive: true, force: true });
    }
  } catch (error) {
    if (!news.some(({ kind }) => kind === 'missed')) news.push({ kind: 'missed' });
    news.push(failure(error, false));
  }
  return null;
}

async function store({ news }: Lookup, { path, mayStore }: CacheFile, bytes: Buffer): Promise<void> {
  if (!mayStore) return;
  try {
    await writeCacheFile(path, bytes);
    news.push({ kind: 'stored' });
  } catch (error) {
    news.push(failure(error, true));
  }
}

function failure(error: unknown, isWrite: boolean): Lookup['news'][number] {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return { kind: 'failed', code, message, isWrite };
}
