import { type Dirent, readdir, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { shownBytes } from '../shown-name.js';
import type { Entry } from '../storage.js';
import type { Call } from './calls.js';
import { leadsInside, realPathOf } from './links.js';
import { kindOf, statsOf } from './stats.js';

const readdirAway = promisify(readdir);

/**
 * What lies directly in a folder.
 *
 * @param within the folders that links may lead into, if not anywhere.
 * @throws the file system's own error.
 */
export async function listFolder(path: string, within: readonly string[] | undefined, call: Call): Promise<Entry[]> {
  const found = await call(
    () => readdirSync(path, { withFileTypes: true }),
    () => readdirAway(path, { withFileTypes: true }),
  );
  const entries: Entry[] = [];
  const odd = found.some(({ name }) => name.includes('\ufffd')) ? await namesNotUtf8(path, call) : noNames;
  for (const { name, isFolder } of odd.shown)
    entries.push({ name, kind: isFolder ? 'folder_not_utf8' : 'name_not_utf8', size: null });
  for (const entry of found) {
    if (odd.decoded.has(entry.name) && !odd.good.has(entry.name)) continue;
    // Of a good name and an odd one that decodes to the same, two entries came.
    odd.good.delete(entry.name);
    const kind = entry.isSymbolicLink() ? await linkKind(`${path}/${entry.name}`, within, call) : kindOf(entry);
    entries.push({ name: entry.name, kind, size: null });
  }
  return entries;
}

async function linkKind(path: string, within: readonly string[] | undefined, call: Call): Promise<Entry['kind']> {
  try {
    const real = await realPathOf(path, call);
    const stats = await statsOf(real, call);
    const isFolder = stats.isDirectory();
    if (within !== undefined && !(await leadsInside(real, within, call)))
      return isFolder ? 'folder_outside' : 'link_outside';
    return isFolder ? 'linked_folder' : kindOf(stats);
  } catch {
    return 'link_broken';
  }
}

interface OddNames {
  readonly shown: readonly { readonly name: string; readonly isFolder: boolean }[];
  /** What the odd names decode to. */
  readonly decoded: ReadonlySet<string>;
  /** Names that hold the mark of an odd one by right. */
  readonly good: Set<string>;
}

const noNames: OddNames = { shown: [], decoded: new Set(), good: new Set() };

/** A name that is not UTF-8 cannot be opened by the string that it decodes to. */
async function namesNotUtf8(path: string, call: Call): Promise<OddNames> {
  const found = (await call(
    () => readdirSync(path, { encoding: 'buffer', withFileTypes: true }),
    () => readdirAway(path, { encoding: 'buffer', withFileTypes: true }),
  )) as Dirent<Buffer>[];
  const isOdd = ({ name }: Dirent<Buffer>) => !Buffer.from(name.toString('utf8')).equals(name);
  const odd = found.filter(isOdd);
  return {
    shown: odd.map((entry) => ({ name: shownBytes(entry.name), isFolder: entry.isDirectory() })),
    decoded: new Set(odd.map(({ name }) => name.toString('utf8'))),
    good: new Set(found.filter((entry) => !isOdd(entry)).map(({ name }) => name.toString('utf8'))),
  };
}
