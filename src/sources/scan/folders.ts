import type { Place } from '../layouts/layout.js';
import { below } from '../storage/storages.js';
import { type FolderTask, type MeasuredFiles, prefixOf } from './folder.js';
import type { ProgressMeter } from './progress-meter.js';
import type { Scanner } from './scanner.js';

/** A folder with its files measured, and the folders below it. */
export interface WalkedFolder {
  /** Its path inside the source's root. */
  readonly path: string;
  readonly version: string;
  /** Parts of its files in their order. */
  readonly files: readonly MeasuredFiles[];
  /** By name, in the order of the names. */
  readonly folders: readonly (readonly [string, WalkedFolder])[];
}

/**
 * Walks one folder of a source and all below it.
 *
 * @param within URLs of the folders that links may lead into.
 * @param path the folder's inside the place's root.
 * @param isLeftOut whether a folder below it, by its path, is passed over.
 * @throws TributaryError SOURCE_UNREADABLE
 */
export async function walkFolder(
  scanner: Scanner,
  place: Place,
  within: readonly string[],
  path: string,
  meter: ProgressMeter,
  isLeftOut: (path: string) => boolean = () => false,
): Promise<WalkedFolder> {
  meter.expect(1);
  const task: FolderTask = {
    url: below(place.root, path),
    prefix: prefixOf(path),
    within,
    followsFolders: place.followsFolders === true,
  };
  const listing = await scanner.run('listFolder', task);
  meter.add(1, listing);
  meter.expect(listing.unmeasured.length);
  const slices = listing.unmeasured.map(async (names) => {
    const files = await scanner.run('sizeFiles', { ...task, names });
    meter.add(1, files);
    return files;
  });
  const folders = listing.folders
    .filter((name) => !isLeftOut(task.prefix + name))
    .map(
      async (name) => [name, await walkFolder(scanner, place, within, task.prefix + name, meter, isLeftOut)] as const,
    );
  const [measured, walked] = await Promise.all([Promise.all(slices), Promise.all(folders)]);
  return { path, version: listing.version, files: [listing, ...measured], folders: walked };
}
