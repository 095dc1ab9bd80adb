import { isHidden, isOddShardName } from '../layouts/look.js';
import type { Entry, Measured, SourceStorage } from '../storage/storage.js';
import { below, storageOf } from '../storage/storages.js';
import { hasImageSuffix, hasOtherImageSuffix } from './images.js';
import { type LeftOut, type LeftOutKind, LeftOutTally } from './left-out.js';
import { sortNames } from './name-order.js';

/** What to list: a folder inside a source. */
export interface FolderTask {
  /** URL of the folder. */
  readonly url: string;
  /** The folder's path inside the source with a `/` at its end, or empty. */
  readonly prefix: string;
  /** URLs of the folders that links may lead into. */
  readonly within: readonly string[];
  /** Whether links to folders are followed. */
  readonly followsFolders: boolean;
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
 * Lists one folder: regular files with an image suffix, and folders. Links to files count as files where they stay inside,
 * and links to folders as folders where they are followed (Python's `os.walk(followlinks=True)`) and lead to none that they
 * lie in.
 *
 * @throws StorageFault where the folder cannot be read.
 */
export async function listFolder(task: FolderTask): Promise<Listing> {
  const storage = storageOf(task.url);
  const version = (await storage.stat(task.url, hold))?.version ?? '0';
  const sizes = new Map<string, number | null>();
  const folders: string[] = [];
  const leftOut = new LeftOutTally();
  for await (const page of storage.list(task.url, { ...hold, within: task.within }))
    for (const { name, kind, size } of page) {
      const why = isHidden(name)
        ? 'hidden'
        : kind === 'linked_folder'
          ? await whyNot(storage, task, name)
          : oddOf(name, kind);
      if (why !== null) leftOut.add(why, task.prefix + name);
      else if (kind === 'file') sizes.set(name, size);
      else folders.push(name);
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
  leftOut.addAll(measured.leftOut);
  return { ...measured, unmeasured: slices, folders, version, leftOut: leftOut.list() };
}

/** Why something is neither a sample, before its size is known, nor a folder to walk; null for what is. */
function oddOf(name: string, kind: Entry['kind']): LeftOutKind | null {
  if (kind === 'folder') return null;
  if (kind !== 'file' && (alwaysTold.has(kind) || hasImageSuffix(name))) return kind;
  if (hasImageSuffix(name)) return null;
  if (hasOtherImageSuffix(name)) return 'image_not_read';
  return isOddShardName(name) ? 'shard_suffix' : 'other_file';
}

/** What may hold samples whatever its name is. */
const alwaysTold: ReadonlySet<string> = new Set(['folder_outside', 'folder_not_utf8', 'name_not_utf8', 'link_broken']);

/** Why a link to a folder is not followed; null where it is. */
async function whyNot(storage: SourceStorage, task: FolderTask, name: string): Promise<LeftOutKind | null> {
  if (!task.followsFolders) return 'linked_folder';
  const target = below(task.url, name);
  // The folders on the way from the source's root, which is what the prefix says of the URL.
  for (let depth = task.prefix.split('/').length - 1, above = task.url; depth >= 0; depth--) {
    if ((await storage.isInside(above, target)) && (await storage.isInside(target, above))) return 'link_loop';
    above = above.slice(0, above.lastIndexOf('/'));
  }
  return null;
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
  const leftOut = new LeftOutTally();
  for (const [i, name] of names.entries()) {
    const file = found[i]!;
    if (file === null) continue;
    if (file.kind !== 'file') leftOut.add('not_a_file', task.prefix + name);
    else if (file.size > 0xffffffff) leftOut.add('too_large', task.prefix + name);
    else {
      if (file.size === 0) leftOut.add('empty', task.prefix + name);
      sizes[kept.length] = file.size;
      kept.push(name);
    }
  }
  return { names: joinNames(kept), count: kept.length, sizes: sizes.slice(0, kept.length), leftOut: leftOut.list() };
}
