import type { OddKind } from '../storage/storage.js';
import { below, storageOf } from '../storage/storages.js';
import { hasImageSuffix } from './images.js';
import { inBatches } from './in-batches.js';
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

/** The direct content of a folder. Names are UTF-8, each with a NUL after it, sorted by code point. */
export interface Listing {
  readonly names: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Sizes in bytes in the order of the names; null where there are so many names that they are asked for in slices. */
  readonly sizes: Uint32Array<ArrayBuffer> | null;
  /** Names of the folders, sorted by code point. */
  readonly folders: readonly string[];
  /** The folder's version, taken before it was read; `0` where it has none to rely on. */
  readonly version: string;
  readonly leftOut: readonly LeftOut[];
}

/** What to measure: files of one folder. */
export interface SizesTask extends FolderTask {
  /** As in `Listing`. */
  readonly names: Uint8Array<ArrayBuffer>;
}

/** Sizes in the order of the names that are left, and those names. */
export interface Sizes {
  readonly names: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly sizes: Uint32Array<ArrayBuffer>;
  readonly leftOut: readonly LeftOut[];
}

/** Scans have threads of their own, or are short: calls that hold a thread cost a third of those that do not. */
const hold = { mayWait: true } as const;

/** How many files of one folder are measured in one go. */
export const filesPerSlice = 16384;

/**
 * Lists one folder: regular files with an image suffix, and folders. Links to files count as files where they stay inside;
 * links to folders are not followed (Python's `Path.rglob`).
 *
 * @throws StorageFault where the folder cannot be read.
 */
export async function listFolder(task: FolderTask): Promise<Listing> {
  const storage = storageOf(task.url);
  const version = (await storage.stat(task.url, hold))?.version ?? '0';
  const files: string[] = [];
  const folders: string[] = [];
  const known = new Map<string, number>();
  const leftOut: LeftOut[] = [];
  for await (const page of storage.list(task.url, { ...hold, within: task.within }))
    for (const { name, kind, size } of page) {
      if (kind === 'folder') folders.push(name);
      else if (kind === 'linked_folder' || kind === 'name_not_utf8') leftOut.push({ kind, key: task.prefix + name });
      else if (!hasImageSuffix(name)) continue;
      else if (kind !== 'file') leftOut.push({ kind, key: task.prefix + name });
      else {
        files.push(name);
        if (size !== null) known.set(name, size);
      }
    }
  sortNames(files);
  sortNames(folders);
  if (files.length - known.size > filesPerSlice)
    return { names: joinNames(files), count: files.length, sizes: null, folders, version, leftOut };
  const measured = await measure(files, known, task);
  return { ...measured, folders, version, leftOut: [...leftOut, ...measured.leftOut] };
}

/**
 * Measures files of one folder. A file that has gone since it was listed is not there.
 *
 * @throws StorageFault where a file cannot be asked for its size.
 */
export async function sizeFiles(task: SizesTask): Promise<Sizes> {
  return measure(splitNames(task.names), new Map(), task);
}

/** Names as strings. */
function splitNames(names: Uint8Array): string[] {
  const text = Buffer.from(names.buffer, names.byteOffset, names.byteLength).toString('utf8');
  return text === '' ? [] : text.slice(0, -1).split('\0');
}

/** Names as bytes, each with a NUL after it. */
export function joinNames(names: readonly string[]): Uint8Array<ArrayBuffer> {
  return names.length === 0 ? new Uint8Array(0) : new TextEncoder().encode(`${names.join('\0')}\0`);
}

async function measure(names: string[], known: ReadonlyMap<string, number>, task: FolderTask): Promise<Sizes> {
  const storage = storageOf(task.url);
  const sizes = new Uint32Array(names.length);
  const kept: string[] = [];
  const leftOut: LeftOut[] = [];
  const stats = await inBatches(names, async (name) => {
    const size = known.get(name);
    return size === undefined ? storage.stat(below(task.url, name), hold) : ({ kind: 'file', size } as const);
  });
  for (const [i, stat] of stats.entries()) {
    const name = names[i]!;
    if (stat === null) continue;
    if (stat.kind !== 'file') leftOut.push({ kind: 'not_a_file', key: task.prefix + name });
    else if (stat.size > 0xffffffff) leftOut.push({ kind: 'too_large', key: task.prefix + name });
    else {
      sizes[kept.length] = stat.size;
      kept.push(name);
    }
  }
  return { names: joinNames(kept), count: kept.length, sizes: sizes.slice(0, kept.length), leftOut };
}
