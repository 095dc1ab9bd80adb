import { Arena } from '../memory/arena.js';
import { readSample } from '../sources/storage/read-sample.js';
import { decodedReader, type ImageReader } from './decoded-reader.js';
import { folderReader } from './folder-reader.js';
import type { FileReader, Lookup } from './lookup.js';
import { memoryReader } from './memory-reader.js';
import type { CacheBuffers } from './sample-caches.js';

/** A worker thread's way to its samples. */
export interface SampleReader {
  readonly open: ImageReader;
  /** Takes back what lookups have filled whose news nobody is going to be told. */
  forget(lookups: readonly Lookup[]): void;
}

/** Reads from the source itself: the last of the readers. */
export const storageReader: FileReader = async ({ location }) => ({
  bytes: await readSample(location),
  end: async () => {},
});

/**
 * Looks for a sample among the decoded images, then among the files in memory, then in the cache folder, then in its source.
 * Bytes, pixels and the verdict on a file are what the source alone would give.
 */
export function sampleReader(buffers: CacheBuffers): SampleReader {
  const decoded = new Arena(buffers.decoded);
  const files = new Arena(buffers.memory);
  return {
    open: decodedReader(decoded, memoryReader(files, folderReader(storageReader))),
    forget(lookups) {
      for (const item of lookups.flatMap(({ news }) => news))
        if (item.kind === 'filled') (item.cache === 'decoded' ? decoded : files).give(item.chain);
    },
  };
}
