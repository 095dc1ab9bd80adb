import type { IndexOptions } from './index-source.js';
import { isOf, openPositions, positionsPath } from './manifest/positions-file.js';
import type { StoredManifest } from './manifest/stored-manifest.js';

/**
 * A manifest whose locations say where positions in their samples are kept, where `index --positions` has put some beside it. Those of
 * another manifest are left alone, and told of: samples are decoded without, to the same bytes.
 */
export function withPositions(options: IndexOptions, manifest: StoredManifest): StoredManifest {
  const { indexFolder, name, split, onUnusedPositions = () => {} } = options;
  const path = positionsPath(indexFolder, name, split);
  if (path === null) return manifest;
  try {
    const file = openPositions(path);
    if (file === null) onUnusedPositions(path, 'it was not wholly written, or is damaged');
    else if (!isOf(file, manifest)) onUnusedPositions(path, 'it is of another state of the source');
    else return { ...manifest, location: (index) => ({ ...manifest.location(index), positions: { path, index } }) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') onUnusedPositions(path, message);
  }
  return manifest;
}
