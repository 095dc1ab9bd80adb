import { prefixOf } from '../scan/folder.js';
import type { WalkedFolder } from '../scan/folders.js';
import { type LeftOut, LeftOutTally, lossOf } from '../scan/left-out.js';
import { type RowBatch, RowCollector } from './rows.js';
import type { Rows, Share } from './stored-manifest.js';

/** The rows of a walked folder in the order of Python's `sorted(Path.rglob("*"))`; the walk is consumed. */
export function rowsOfFolders(top: WalkedFolder, labelled: boolean): Rows & { readonly batches: readonly RowBatch[] } {
  const collector = new RowCollector();
  const classNames: string[] = [];
  const folders: [string, string][] = [];
  const leftOut = new LeftOutTally();
  const shares: Share[] = [];
  const lostClasses: string[] = [];
  let lost = 0;
  let missing = 0;

  const visit = (folder: WalkedFolder, label: number): number => {
    folders.push([folder.path, folder.version]);
    for (const part of folder.files) {
      leftOut.addAll(part.leftOut);
      const loss = lossOf(part.leftOut);
      lost += loss.lost;
      missing += loss.missing;
      if (!(labelled && folder === top)) continue;
      lostClasses.push(...namesOf(part.leftOut, classKinds));
      // ImageFolder takes a broken link for no class, so labels are its own; the class is lost all the same.
      for (const name of namesOf(part.leftOut, brokenKinds)) shares.push({ name, lost: 1, of: 1 });
    }
    const prefix = Buffer.from(prefixOf(folder.path), 'utf8');
    let rows = 0;
    let next = 0;
    const visitBelow = (until: Uint8Array | null): void => {
      for (; next < folder.folders.length; next++) {
        const [name, below] = folder.folders[next]!;
        if (until !== null && Buffer.compare(Buffer.from(name), until) > 0) return;
        const isClass = labelled && folder === top;
        const before = { lost, missing };
        const found = visit(below, isClass ? classNames.length : label);
        // ImageFolder refuses a class without images, so a class is a folder with images.
        if (isClass && found > 0) classNames.push(name);
        if (isClass) shares.push({ name, lost: lost - before.lost, of: found + missing - before.missing });
        if (isClass && found === 0 && lost > before.lost) lostClasses.push(name);
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

  const found = visit(top, -1);
  if (!labelled) shares.push({ name: '', lost, of: found + missing });
  const left = leftOut.list().map((one) => ({ ...one, shard: '' }));
  const batches = collector.finish();
  return { batches, classNames, folders, shards: [], warnings: [], leftOut: left, shares, lostClasses };
}

function namesOf(leftOut: readonly LeftOut[], kinds: ReadonlySet<string>): string[] {
  return leftOut.filter(({ kind }) => kinds.has(kind)).flatMap(({ examples }) => examples);
}

const brokenKinds: ReadonlySet<string> = new Set(['link_broken']);

/** What ImageFolder takes for a class among what was left out beside the class folders. */
const classKinds: ReadonlySet<string> = new Set(['folder_outside', 'folder_not_utf8', 'link_loop']);
