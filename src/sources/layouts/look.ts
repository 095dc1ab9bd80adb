import { type Entry, type Stat, StorageFault } from '../storage/storage.js';
import { below, storageOf } from '../storage/storages.js';
import { unreadable } from '../storage/unreadable.js';
import type { Place } from './layout.js';

/** Whether there is a folder at `url`, or a link to one. */
export async function isFolder(url: string): Promise<boolean> {
  return (await seen(url))?.kind === 'folder';
}

/** Whether the folder at `url` holds at least one folder, or a link to one; false where there is no folder. */
export async function hasFolders(url: string): Promise<boolean> {
  return hasEntry(url, ({ kind, name }) => (kind === 'folder' || kind === 'linked_folder') && !isHidden(name));
}

/** Whether the folder at `url` holds at least one shard, `*.tar` where nothing else is said; false where there is no folder. */
export async function hasShards(url: string, isShard = isShardName): Promise<boolean> {
  return hasEntry(url, ({ name }) => isShard(name));
}

/** Whether a file's name is a shard's, as the glob `*.tar` says. */
export function isShardName(name: string): boolean {
  return name.endsWith('.tar') && !name.startsWith('.');
}

/** Whether the folder at `url` holds something that a shard was made into; false where there is no folder. */
export async function hasOddShards(url: string): Promise<boolean> {
  return hasEntry(url, ({ name }) => isOddShardName(name));
}

/** Whether a file's name is that of a compressed shard, or of one whose suffix is not the glob's. */
export function isOddShardName(name: string): boolean {
  return /\.(tar|tar\.(gz|bz2|xz|zst|lz4|z)|tgz|tbz2?|txz|tzst)$/i.test(name) && !name.endsWith('.tar');
}

/** Whether a file or folder is none of the source's by its name: hidden, or what macOS leaves behind in archives. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX';
}

/** The first of `places` that `accept` says yes to, or null. */
export async function firstPlace(
  places: readonly (Place | null)[],
  accept: (url: string) => Promise<boolean>,
): Promise<Place | null> {
  for (const place of places) if (place !== null && (await accept(below(place.root, place.folder)))) return place;
  return null;
}

/**
 * The place `folder` inside `url` with its last `train` component swapped for `val`, or null where it has none (upstream's
 * rule for `split: val`).
 */
export function swappedPlace(url: string, folder: string): Place | null {
  const parts = url.split('/');
  const last = parts.lastIndexOf('train');
  return last === -1 ? null : { root: parts.with(last, 'val').join('/'), folder };
}

/** Whether the folder at `url` holds at least one thing that `accept` says yes to; false where there is no folder. */
export async function hasEntry(url: string, accept: (entry: Entry) => boolean): Promise<boolean> {
  try {
    for await (const page of storageOf(url).list(url)) if (page.some(accept)) return true;
  } catch (error) {
    shownNothing(error);
  }
  return false;
}

/** What lies at a URL; null for nothing, and for what will never be told. @throws TributaryError as `unreadable` */
export async function seen(url: string): Promise<Stat | null> {
  try {
    return await storageOf(url).stat(url);
  } catch (error) {
    shownNothing(error);
    return null;
  }
}

/** What cannot be looked at shows nothing; but of a storage that is away it must not be said that something is not there. */
function shownNothing(error: unknown): void {
  if (!(error instanceof StorageFault)) throw error;
  if (error.mayPass) throw unreadable(error);
}
