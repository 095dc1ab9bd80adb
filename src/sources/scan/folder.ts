import type { Measured, OddKind } from '../storage/storage.js';
import { storageOf } from '../storage/storages.js';
import { hasImageSuffix } from './images.js';
import { sortNames } from './name-order.js';

/** Why something that looks like a sample is none. */
export type LeftOutKind = OddKind | 'too_large';

/** One thing that was left out, by its path inside the source. */
export interface LeftOut {
  readonly kind: LeftOutKind;
  readonly key: string;
}

/** What to list: a folder inside a source. */
export interface FolderTask {
  /** URL of the folder. */
  readonly url: string;
  /** The folder's path inside the source with a `/` at its end, or empty. */
  readonly prefix: string;
  /** URL of the folder that no link may leave. */
  readonly within: string;
}

/** Files of one folder. Names are UTF-8, each with a NUL after it, sorted by code point. */
export interface MeasuredFiles {
  readonly names: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** In bytes, in the order of the names. */
  readonly sizes: Uint32Array<ArrayBuffer>;
  readonly leftOut: readonly LeftOut[];
}

/** The direct content of a folder. */
export interface Listing extends MeasuredFiles {
  /** Slices of names that are still to be measured: all files of a large folder. */
  readonly unmeasured: readonly Uint8Array<ArrayBuffer>[];
  /** Names of the folders, sorted by code point. */
  readonly folders: readonly string[];
  /** The folder's version, taken before it was read; `0` where it has none to rely on. */
  readonly version: string;
}

/** What the keys of the files in a folder start with. @param path the folder's inside the source. */
export function prefixOf(path: string): string {
  return path === '' ? '' : `${path}/`;
}

/** Scans have threads of their own, or are short: calls that hold a thread cost a third of those that do not. */
export const hold = { mayWait: true } as const;

/** How many files of one folder are measured in one go. */
const filesPerSlice = 16384;

/**
 * Lists one folder: regular files with an image suffix, and folders. Links to files count as files where they stay inside;
 * links to folders are not followed (Python's `Path.rglob`).
 *
 * @throws StorageFault where the folder cannot be read.
 */
export async function listFolder(task: FolderTask): Promise<Listing> {
  const storage = storageOf(task.url);
  const version = (await storage.stat(task.url, hold))?.version ?? '0';
  const sizes = new Map<string, number | null>();
  const folders: string[] = [];
  const leftOut: LeftOut[] = [];
  for await (const page of storage.list(task.url, { ...hold, within: task.within }))
    for (const { name, kind, size } of page) {
      if (kind === 'folder') folders.push(name);
      else if (kind === 'linked_folder' || kind === 'name_not_utf8') leftOut.push({ kind, key: task.prefix + name });
      else if (!hasImageSuffix(name)) continue;
      else if (kind !== 'file') leftOut.push({ kind, key: task.prefix + name });
      else sizes.set(name, size);
    }
  sortNames(folders);
  const files = sortNames([...sizes.keys()]);
  const isMeasured = files.every((name) => sizes.get(name) !== null);
  const slices: Uint8Array<ArrayBuffer>[] = [];
  if (!isMeasured && files.length > filesPerSlice)
    for (let i = 0; i < files.length; i += filesPerSlice) slices.push(joinNames(files.slice(i, i + filesPerSlice)));
  const small = slices.length > 0 ? [] : files;
  const found = isMeasured
    ? small.map((name) => ({ kind: 'file', size: sizes.get(name)! }) as const)
    : await storage.measure(task.url, small);
  const measured = measuredFiles(task, small, found);
  return { ...measured, unmeasured: slices, folders, version, leftOut: [...leftOut, ...measured.leftOut] };
}

/**
 * Measures a slice of `Listing.unmeasured`. A file that has gone since it was listed is not there.
 *
 * @throws StorageFault where a file cannot be asked for its size.
 */
export async function sizeFiles(task: FolderTask & { readonly names: Uint8Array }): Promise<MeasuredFiles> {
  const names = splitNames(task.names);
  return measuredFiles(task, names, await storageOf(task.url).measure(task.url, names));
}

/** Names as strings. */
export function splitNames(names: Uint8Array): string[] {
  const text = Buffer.from(names.buffer, names.byteOffset, names.byteLength).toString('utf8');
  return text === '' ? [] : text.slice(0, -1).split('\0');
}

/** Names as bytes, each with a NUL after it. */
export function joinNames(names: readonly string[]): Uint8Array<ArrayBuffer> {
  return names.length === 0 ? new Uint8Array(0) : new TextEncoder().encode(`${names.join('\0')}\0`);
}

/** The files among what lies under names, and why the others are none. */
function measuredFiles(task: FolderTask, names: readonly string[], found: readonly (Measured | null)[]): MeasuredFiles {
  const sizes = new Uint32Array(names.length);
  const kept: string[] = [];
  const leftOut: LeftOut[] = [];
  for (const [i, name] of names.entries()) {
    const file = found[i]!;
    if (file === null) continue;
    if (file.kind !== 'file') leftOut.push({ kind: 'not_a_file', key: task.prefix + name });
    else if (file.size > 0xffffffff) leftOut.push({ kind: 'too_large', key: task.prefix + name });
    else {
      sizes[kept.length] = file.size;
      kept.push(name);
    }
  }
  return { names: joinNames(kept), count: kept.length, sizes: sizes.slice(0, kept.length), leftOut };
}
