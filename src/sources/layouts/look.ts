import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Place } from './layout.js';

/** Whether there is a folder at `path`, or a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Whether the folder at `path` holds at least one folder; false where there is no folder. */
export async function hasFolders(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.some((entry) => entry.isDirectory());
}

/** Whether the folder at `path` holds at least one `*.tar`; false where there is no folder. */
export async function hasShards(path: string): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => []);
  return names.some(isShardName);
}

/** Whether a file's name is a shard's, as the glob `*.tar` says. */
export function isShardName(name: string): boolean {
  return name.endsWith('.tar') && !name.startsWith('.');
}

/** `path` with its last `train` component swapped for `val`, or null where it has none (upstream's rule for `split: val`). */
export function swapTrain(path: string): string | null {
  const parts = path.split(sep);
  const last = parts.lastIndexOf('train');
  return last === -1 ? null : parts.with(last, 'val').join(sep);
}

/** The first of `places` that `accept` says yes to, or null. */
export async function firstPlace(
  places: readonly (Place | null)[],
  accept: (path: string) => Promise<boolean>,
): Promise<Place | null> {
  for (const place of places) if (place !== null && (await accept(join(place.root, place.folder)))) return place;
  return null;
}

/** The place `folder` inside `path` with its last `train` swapped for `val`, or null where `path` has no `train`. */
export function swappedPlace(path: string, folder: string): Place | null {
  const root = swapTrain(path);
  return root === null ? null : { root, folder };
}
