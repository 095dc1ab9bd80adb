import { type LeftOut, prefixOf } from '../scan/folder.js';
import type { WalkedFolder } from '../scan/folders.js';
import { RowCollector } from './rows.js';
import type { Rows } from './stored-manifest.js';

/** The rows of a walked folder in the order of Python's `sorted(Path.rglob("*"))`; the walk is consumed. */
export function rowsOfFolders(top: WalkedFolder, labelled: boolean): Rows {
  const collector = new RowCollector();
  const classNames: string[] = [];
  const folders: [string, string][] = [];
  const leftOut: LeftOut[] = [];

  const visit = (folder: WalkedFolder, label: number): number => {
    folders.push([folder.path, folder.version]);
    for (const part of folder.files) leftOut.push(...part.leftOut);
    const prefix = Buffer.from(prefixOf(folder.path), 'utf8');
    let rows = 0;
    let next = 0;
    const visitBelow = (until: Uint8Array | null): void => {
      for (; next < folder.folders.length; next++) {
        const [name, below] = folder.folders[next]!;
        if (until !== null && Buffer.compare(Buffer.from(name), until) > 0) return;
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
        if (next < folder.folders.length) visitBelow(names.subarray(start, end));
        collector.append(prefix, names, start, end, sizes[i]!, label);
        start = end + 1;
      }
      rows += count;
    }
    visitBelow(null);
    return rows;
  };

  visit(top, -1);
  return { batches: collector.finish(), classNames, folders, shards: [], warnings: [], leftOut };
}
