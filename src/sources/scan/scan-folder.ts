import { readdirSync, realpathSync, statSync } from 'node:fs';
import { isInside } from '../storage/inside.js';
import { hasImageSuffix } from './images.js';
import { sortNames } from './order.js';

/** Why something that looks like a sample is none. */
export type LeftOutKind = 'link_outside' | 'linked_folder' | 'not_a_file' | 'name_not_utf8' | 'too_large';

/** One thing that was left out, by its path inside the source. */
export interface LeftOut {
  readonly kind: LeftOutKind;
  readonly key: string;
}

/** What to list: a folder inside a source. */
export interface FolderTask {
  /** Absolute path of the folder. */
  readonly path: string;
  /** The folder's path inside the source with a `/` at its end, or empty. */
  readonly prefix: string;
  /** Real path of the folder that no link may leave. */
  readonly guard: string;
}

/** The direct content of a folder. Names are UTF-8, each with a NUL after it, sorted by code point. */
export interface Listing {
  readonly names: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Sizes in bytes in the order of the names; null where there are so many names that they are asked for in slices. */
  readonly sizes: Uint32Array<ArrayBuffer> | null;
  /** Names of the folders, sorted by code point. */
  readonly folders: readonly string[];
  /** The folder's modification time in nanoseconds, taken before it was read; `0` where it is too young to be told from a later one. */
  readonly mtime: string;
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

/** How many files of one folder are measured in one go. */
export const filesPerSlice = 16384;

/** Time stamps of a file system are this coarse at worst: a folder younger than this may change without its time changing. */
const youngNanoseconds = 2_000_000_000n;

/**
 * Lists one folder: regular files with an image suffix, and folders. Links to files count as files where they stay inside
 * the guard; links to folders are not followed (Python's `Path.rglob`).
 *
 * @throws the file system's own error where the folder cannot be read.
 */
export function listFolder(task: FolderTask): Listing {
  const mtime = folderTime(task.path);
  const files: string[] = [];
  const folders: string[] = [];
  const leftOut: LeftOut[] = [];
  for (const entry of readEntries(task, leftOut)) {
    const name = entry.name;
    if (entry.isFile()) {
      if (hasImageSuffix(name)) files.push(name);
    } else if (entry.isDirectory()) folders.push(name);
    else if (entry.isSymbolicLink()) {
      const kind = linkKind(`${task.path}/${name}`, task.guard);
      if (kind === 'linked_folder') leftOut.push({ kind, key: task.prefix + name });
      else if (hasImageSuffix(name)) {
        if (kind === 'file') files.push(name);
        else leftOut.push({ kind, key: task.prefix + name });
      }
    } else if (hasImageSuffix(name)) leftOut.push({ kind: 'not_a_file', key: task.prefix + name });
  }
  sortNames(folders);
  if (files.length > filesPerSlice) {
    return { names: joinNames(sortNames(files)), count: files.length, sizes: null, folders, mtime, leftOut };
  }
  const measured = measure(sortNames(files), task);
  return { ...measured, folders, mtime, leftOut: [...leftOut, ...measured.leftOut] };
}

/**
 * Measures files of one folder. A file that has gone since it was listed is not there.
 *
 * @throws the file system's own error where a file cannot be asked for its size.
 */
export function sizeFiles(task: SizesTask): Sizes {
  return measure(splitNames(task.names), task);
}

/** A folder's modification time in nanoseconds, or `0` where it is too young to be relied on. */
export function folderTime(path: string): string {
  return reliableTime(statSync(path, { bigint: true }).mtimeNs);
}

/** A modification time as text, or `0` where it is too young to be relied on. */
export function reliableTime(mtime: bigint): string {
  const now = BigInt(Date.now()) * 1_000_000n;
  return now - mtime < youngNanoseconds ? '0' : String(mtime);
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

function measure(names: string[], task: FolderTask): Sizes {
  const sizes = new Uint32Array(names.length);
  const kept: string[] = [];
  const leftOut: LeftOut[] = [];
  for (const name of names) {
    const stats = statSync(`${task.path}/${name}`, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (!stats.isFile()) leftOut.push({ kind: 'not_a_file', key: task.prefix + name });
    else if (stats.size > 0xffffffff) leftOut.push({ kind: 'too_large', key: task.prefix + name });
    else {
      sizes[kept.length] = stats.size;
      kept.push(name);
    }
  }
  return { names: joinNames(kept), count: kept.length, sizes: sizes.slice(0, kept.length), leftOut };
}

function readEntries(task: FolderTask, leftOut: LeftOut[]) {
  const entries = readdirSync(task.path, { withFileTypes: true });
  if (!entries.some((entry) => entry.name.includes('\ufffd'))) return entries;
  // A name that is not UTF-8 cannot be opened by the string that it decodes to.
  const good = new Set<string>();
  for (const name of readdirSync(task.path, { encoding: 'buffer' })) {
    const text = name.toString('utf8');
    if (Buffer.from(text, 'utf8').equals(name)) good.add(text);
    else leftOut.push({ kind: 'name_not_utf8', key: task.prefix + text });
  }
  return entries.filter((entry) => good.has(entry.name));
}

function linkKind(path: string, guard: string): 'file' | LeftOutKind {
  try {
    const real = realpathSync.native(path);
    const stats = statSync(real);
    if (stats.isDirectory()) return 'linked_folder';
    if (!isInside(real, guard)) return 'link_outside';
    return stats.isFile() ? 'file' : 'not_a_file';
  } catch {
    return 'link_outside';
  }
}
