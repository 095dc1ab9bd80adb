import type { PlannedSample } from '../plan/input.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import { storageOf } from '../sources/storage/storages.js';

/**
 * Places for tasks in a worker thread: two tasks are in it at a time, so that one is read, or decoded by another process, while the
 * other is in the kernels. A task whose samples are far away waits most of its time, and takes but a part of a place.
 */
export const placesInThread = 2;

/** Places in a thread that tasks of a stalled storage may hold beside. */
export const stalledInThread = 4;

/** Files that a task reads before their turn have at most so many bytes together: those of a thread, of all its places together. */
export const placeBytes: number = 4 * 1024 * 1024;

/** Tasks that a place has room for at most: those of a thread have twice as many samples as it has requests at a time. */
export const tasksInPlace = 16;

/** Whether a source is far: all of its samples lie in one storage. */
const isFar = new WeakMap<Manifest, boolean>();

/**
 * The part of a place that a task of these samples takes: all of it where their storages are near, and where they are far as much as their
 * files are of what a place may read.
 */
export function partOfPlace(
  manifests: readonly Manifest[],
  samples: readonly Pick<PlannedSample, 'source' | 'index'>[],
): number {
  const isNear = samples.every(({ source, index }) => !isFarAway(manifests[source]!, index));
  if (isNear) return 1;
  const bytes = samples.reduce((sum, { source, index }) => {
    const { length, packed } = manifests[source]!.location(index);
    return sum + (packed?.length ?? length);
  }, 0);
  // Parts whose sums are exact.
  const part = Math.ceil((64 * bytes) / placeBytes) / 64;
  return Math.min(1, Math.max(1 / tasksInPlace, part));
}

function isFarAway(manifest: Manifest, index: number): boolean {
  const known = isFar.get(manifest) ?? storageOf(manifest.location(index).path).isFar;
  isFar.set(manifest, known);
  return known;
}
