import type { LeftOut } from '../scan/folder.js';
import type { WalkedFolder } from '../scan/folders.js';
import { type RowBatch, RowCollector } from './rows.js';

/** The rows of a walked source. */
export interface FolderRows {
  readonly batches: RowBatch[];
  readonly classNames: string[];
  readonly folders: [string, string][];
  readonly leftOut: readonly LeftOut[];
}

/** The rows of a walked folder in the order of Python's `sorted(Path.rglob("*"))`; the walk is consumed. */
export function rowsOfFolders(top: WalkedFolder, labelled: boolean): FolderRows {
  const collector = new RowCollector(false);
  const classNames: string[] = [];
  const folders: [string, string][] = [];
  const leftOut: LeftOut[] = [];

  const visit = (folder: WalkedFolder, label: number): number => {
    folders.push([folder.path, folder.version]);
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
