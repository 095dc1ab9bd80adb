import type { Place } from '../layouts/layout.js';
import { below } from '../storage/storages.js';
import { type FolderTask, filesPerSlice, type LeftOut, type Listing } from './folder.js';
import { guardOf } from './guard.js';
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
  readonly leftOut: readonly LeftOut[];
}

/** Names, UTF-8, each with a NUL after it, and their sizes. */
export interface MeasuredFiles {
  readonly names: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly sizes: Uint32Array<ArrayBuffer>;
}

/** Walks the folder at `place` and all below it. @throws TributaryError SOURCE_UNREADABLE */
export async function walkPlace(scanner: Scanner, place: Place, meter: ProgressMeter): Promise<WalkedFolder> {
  return walkFolder(scanner, place, await guardOf(place), place.folder, meter);
}

/** Walks one folder of a source and all below it. @throws TributaryError SOURCE_UNREADABLE */
export async function walkFolder(
  scanner: Scanner,
  place: Place,
  within: string,
  path: string,
  meter: ProgressMeter,
): Promise<WalkedFolder> {
  meter.expect(1);
  const task: FolderTask = { url: below(place.root, path), prefix: path === '' ? '' : `${path}/`, within };
  const listing = await scanner.listFolder(task);
  const [measured, folders] = await Promise.all([
    measureFiles(scanner, task, listing, meter),
    Promise.all(
      listing.folders.map(
        async (name) => [name, await walkFolder(scanner, place, within, task.prefix + name, meter)] as const,
      ),
    ),
  ]);
  return { path, version: listing.version, folders, ...measured };
}

/** The sizes of a listing's files, which a large folder's listing leaves out. */
export async function measureFiles(
  scanner: Scanner,
  task: FolderTask,
  listing: Listing,
  meter: ProgressMeter,
): Promise<{ files: MeasuredFiles[]; leftOut: LeftOut[] }> {
  if (listing.sizes !== null) {
    meter.add(1, listing.count, sum(listing.sizes));
    return { files: [{ ...listing, sizes: listing.sizes }], leftOut: [...listing.leftOut] };
  }
  const slices = sliceNames(listing.names);
  meter.expect(slices.length - 1);
  const files = await Promise.all(
    slices.map(async (names) => {
      const measured = await scanner.sizeFiles({ ...task, names });
      meter.add(1, measured.count, sum(measured.sizes));
      return measured;
    }),
  );
  return { files, leftOut: [...listing.leftOut, ...files.flatMap(({ leftOut }) => leftOut)] };
}

/** Cuts names into parts of at most `filesPerSlice`. */
function sliceNames(names: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const slices: Uint8Array<ArrayBuffer>[] = [];
  let start = 0;
  let count = 0;
  for (let at = 0; at < names.length; at++) {
    if (names[at] !== 0) continue;
    if (++count < filesPerSlice && at < names.length - 1) continue;
    slices.push(names.slice(start, at + 1));
    start = at + 1;
    count = 0;
  }
  return slices;
}

function sum(values: Uint32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
