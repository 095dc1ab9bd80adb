import { TributaryError } from '../errors.js';
import { withColumns } from './columns.js';
import { withoutExcluded } from './exclude.js';
import type { IndexReport } from './index-report.js';
import { type IndexOptions, indexSource } from './index-source.js';
import { locateSource } from './layouts/layouts.js';
import { checkManifest } from './manifest/check.js';
import type { Manifest } from './manifest/manifest.js';
import { loadManifest, manifestPath } from './manifest/manifest-file.js';
import type { StoredManifest } from './manifest/stored-manifest.js';
import { keptWhere } from './where.js';
import { withPositions } from './with-positions.js';

/**
 * Opens one split of a source by its manifest, after the cheap check.
 *
 * @throws TributaryError SOURCE_MISSING, NOT_INDEXED, MANIFEST_INVALID, SOURCE_CHANGED, SOURCE_UNREADABLE.
 */
export async function openSource(options: IndexOptions): Promise<Manifest> {
  return chosen(options, await openStored(options));
}

/** Opens a split as it was indexed, with what the config leaves out of it. Throws as `openSource`. */
export async function openStored(options: IndexOptions): Promise<StoredManifest> {
  const { layout, place } = await locateSource(options);
  const manifest = await loadManifest(manifestPath(options.indexFolder, options.name, options.split), place);
  const { details } = manifest;
  if (details.layout !== layout.name || details.folder !== place.folder)
    throw new TributaryError('NOT_INDEXED', {
      expected: `a manifest of source ${options.name} in the ${layout.name} layout, folder '${place.folder}'`,
      came: `one in the ${details.layout} layout, folder '${details.folder}'`,
      remedy: 'Run `tributary index` with the same config',
      metadata: { source: options.name },
    });
  if ((details.followsLinks === true) !== (options.followLinks !== undefined))
    throw new TributaryError('NOT_INDEXED', {
      expected: `a manifest of source ${options.name} that was built ${options.followLinks ? 'with' : 'without'} its follow_links`,
      came: `one that was built ${details.followsLinks ? 'with' : 'without'} it`,
      remedy: 'Run `tributary index` with the same config',
      metadata: { source: options.name },
    });
  return checkManifest(manifest, place);
}

/**
 * Opens a source as `openSource` does, and indexes it first where it has no manifest yet.
 *
 * @param onIndexed told what the indexing found.
 */
export async function openOrIndexSource(
  options: IndexOptions,
  onIndexed: (report: IndexReport) => void = () => {},
): Promise<Manifest> {
  try {
    return await openSource(options);
  } catch (error) {
    if (!(error instanceof TributaryError && error.reason === 'NOT_INDEXED')) throw error;
    const { manifest, report } = await indexSource(options);
    onIndexed(report);
    return chosen(options, manifest);
  }
}

/** What of an indexed source the config wants. */
async function chosen(options: IndexOptions, manifest: StoredManifest): Promise<Manifest> {
  const positioned = withPositions(options, manifest);
  return withoutExcluded(options, await keptWhere(options, await withColumns(options, positioned)));
}
