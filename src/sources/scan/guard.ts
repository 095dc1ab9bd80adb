import type { Place } from '../layouts/layout.js';
import type { StorageFault } from '../storage/storage.js';
import { below, storageOf } from '../storage/storages.js';
import { unreadable } from '../storage/unreadable.js';

/**
 * The folder that no sample may leave once links are followed: the source's root, or the place itself where the split's
 * folder is a link to somewhere else, which is the operator's own choice.
 *
 * @throws TributaryError SOURCE_UNREADABLE
 */
async function guardOf(place: Place): Promise<string> {
  const inner = below(place.root, place.folder);
  try {
    return (await storageOf(place.root).isInside(inner, place.root)) ? place.root : inner;
  } catch (error) {
    throw unreadable(error as StorageFault);
  }
}

/** The folders that links may lead into: the guard, and those that the config names. */
export async function allowedIn(place: Place): Promise<readonly string[]> {
  return [await guardOf(place), ...(place.outside ?? [])];
}
