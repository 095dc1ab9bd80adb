import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from '../layouts/layout.js';

/** Whether the real path `path` is `folder` or lies inside it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/**
 * The folder that no sample's real path may leave: the source's root, or the place itself where the split's folder is a
 * link to somewhere else, which is the operator's own choice.
 */
export async function guardOf(place: Place): Promise<string> {
  const inner = join(place.root, place.folder);
  const [realRoot, realInner] = await Promise.all([realpath(place.root), realpath(inner)]);
  return isInside(realInner, realRoot) ? place.root : inner;
}
