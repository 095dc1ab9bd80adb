import type { Place } from '../layouts/layout.js';
import { below, storageOf } from '../storage/storages.js';

/**
 * The folder that no sample may leave once links are followed: the source's root, or the place itself where the split's
 * folder is a link to somewhere else, which is the operator's own choice.
 *
 * @throws StorageFault
 */
export async function guardOf(place: Place): Promise<string> {
  const inner = below(place.root, place.folder);
  return (await storageOf(place.root).isInside(inner, place.root)) ? place.root : inner;
}
