import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from '../layouts/layout.js';
import { type RowBatch, RowCollector } from '../manifest/rows.js';
import { guardOf } from '../storage/inside.js';
import type { ProgressMeter } from './progress.js';
import { type FolderTask, filesPerSlice, type LeftOut, type Listing } from './scan-folder.js';
import type { Scanner } from './scanner.js';

/** A folder with its files measured, and the folders below it. */
export interface WalkedFolder {
  /** Its path inside the source's root. */
  readonly path: string;
  readonly mtime: string;
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

/** The rows of a walked source. */
export interface WalkedRows {
  readonly batches: RowBatch[];
  readonly classNames: string[];
  readonly folders: [string, string][];
  readonly leftOut: readonly LeftOut[];
}

/** Walks the folder at `place` and all below it. */
export async function walkPlace(scanner: Scanner, place: Place, meter: ProgressMeter): Promise<WalkedFolder> {
  const guard = await realpath(await guardOf(place));
  return walkFolder(scanner, place, guard, place.folder, meter);
}

/** Walks one folder of a source and all below it. */
export async function walkFolder(
  scanner: Scanner,
  place: Place,
  guard: string,
  path: string,
  meter: ProgressMeter,
): Promise<WalkedFolder> {
  meter.expect(1);
  const task: FolderTask = { path: join(place.root, path), prefix: path === '' ? '' : `${path}/`, guard };
  const listing = await scanner.listFolder(task);
  const [measured, folders] = await Promise.all([
    measureFiles(scanner, task, listing, meter),
    Promise.all(
      listing.folders.map(
        async (name) => [name, await walkFolder(scanner, place, guard, task.prefix + name, meter)] as const,
      ),
    ),
  ]);
  return { path, mtime: listing.mtime, folders, ...measured };
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

/** The rows of a walked folder in the order of Python's `sorted(Path.rglob("*"))`; the walk is consumed. */
export function rowsOf(top: WalkedFolder, labelled: boolean): WalkedRows {
  const collector = new RowCollector(false);
  const classNames: string[] = [];
  const folders: [string, string][] = [];
  const leftOut: LeftOut[] = [];

  const visit = (folder: WalkedFolder, label: number): number => {
    folders.push([folder.path, folder.mtime]);
    leftOut.push(...folder.leftOut);
    const prefix = Buffer.from(folder.path === '' ? '' : `${folder.path}/`, 'utf8');
    let rows = 0;
    let next = 0;
    const visitBelow = (until: { names: Uint8Array; start: number; end: number } | null): void => {
      for (; next < folder.folders.length; next++) {
        const [name, below] = folder.folders[next]!;
        if (until !== null && Buffer.compare(Buffer.from(name), until.names.subarray(until.start, until.end)) > 0)
          return;
        const isClass = labelled && folder === top;
        const found = visit(below, isClass ? classNames.length : label);
        // ImageFolder refuses a class without images, so a class is a folder with images.
        if (isClass && found > 0) classNames.push(name);
        rows += found;
      }
    };
    for (const { names, count, sizes } of folder.files) {
      let start = 0;
      for (let i = 0; i < count; i++) {
        const end = names.indexOf(0, start);
        if (next < folder.folders.length) visitBelow({ names, start, end });
        collector.append(prefix, names, start, end, sizes[i]!, label, null);
        start = end + 1;
      }
      rows += count;
    }
    visitBelow(null);
    return rows;
  };

  visit(top, -1);
  return { batches: collector.finish(), classNames, folders, leftOut };
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
