import type { Limits } from '../run/limits.js';
import type { Location } from '../sources/storage/storage.js';
import type { CacheFile } from './cache-folder.js';

/** Where the main thread knows a sample to be nearest: what a task is told. */
export type Whereabouts =
  | { readonly in: 'decoded' | 'memory'; readonly chain: number }
  | { readonly in: 'folder'; readonly file: CacheFile }
  | { readonly in: 'storage' };

/** What a task has to say of the caches, if anything. */
export type CacheNews =
  | { readonly kind: 'filled'; readonly cache: 'decoded' | 'memory'; readonly chain: number }
  | { readonly kind: 'full'; readonly cache: 'decoded' | 'memory' }
  | { readonly kind: 'found' | 'missed' | 'stored' }
  /** The folder's file was not what was written. */
  | { readonly kind: 'damaged'; readonly came: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly isWrite: boolean };

/** A sample on its way through a worker thread's readers. */
export interface Lookup {
  readonly location: Location;
  readonly limits: Limits;
  readonly whereabouts: Whereabouts;
  /** Grows on the way. */
  readonly news: CacheNews[];
}

/** A sample's encoded file. `end` must follow; until then the bytes are whole. */
export interface SampleFile {
  readonly bytes: Buffer;
  /** Stores what is to be stored, and waits for it. */
  end(): Promise<void>;
}

/** Reads a sample's file, or asks the reader behind it. Throws as `readSample`. */
export type FileReader = (lookup: Lookup) => Promise<SampleFile>;
