import type { Entry, Stat } from '../storage.js';

/**
 * What a service that keeps objects by name must be able to do: the shape of every store that `objectStorage` makes a storage
 * of. Each call is one attempt. It rejects with a `StorageFault`, whose `remedy` says that trying again is no use, and as soon
 * as the signal is aborted.
 */
export interface ObjectStore {
  /** The one form of a URL, as `SourceStorage` has it. @throws TributaryError CONFIG_INVALID */
  resolve(given: string): string;
  /** The object at a URL, or the folder where a store knows folders; null where there is none. */
  head(url: string, signal: AbortSignal): Promise<Stat | null>;
  /** Whether objects lie below a URL at which there is none. */
  isFolder(url: string, signal: AbortSignal): Promise<boolean>;
  /** One page of what lies directly in a folder; null where there is no such folder. @param after from the page before. */
  list(folder: string, after: string | null, signal: AbortSignal): Promise<ObjectPage | null>;
  /** The bytes of a range that an object has, in one request; null where there is no such object. */
  get(url: string, range: Range, signal: AbortSignal): Promise<ObjectPart | null>;
}

/** Bytes of an object. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** A page of a listing. */
export interface ObjectPage {
  readonly entries: readonly Entry[];
  /** What the next page comes after; null at the end. */
  readonly after: string | null;
}

/** The answer to a request for a range, its body still on its way. */
export interface ObjectPart {
  /** Of the whole object, in bytes. */
  readonly size: number;
  /** Of the object, as `Stat` has it. */
  readonly version: string;
  /** The bytes from the range's start on: what of the range lies in the object, if nothing goes wrong on the way. */
  readonly body: Body;
}

/**
 * A body that is on its way: gives each of its chunks to `take`, which may keep it, and resolves at its end. Rejects with a
 * `StorageFault` where it does not come to its end. It is called once.
 */
export type Body = (take: (chunk: Uint8Array) => void) => Promise<void>;
