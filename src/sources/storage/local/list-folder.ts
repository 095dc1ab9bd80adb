import { readdir, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Entry } from '../storage.js';
import type { Call } from './calls.js';
import { leadsInside, realPathOf } from './links.js';
import { kindOf, statsOf } from './stats.js';

const readdirAway = promisify(readdir);

/**
 * What lies directly in a folder.
 *
 * @param within the folder that no link may leave, if any.
 * @throws the file system's own error.
 */
export async function listFolder(path: string, within: string | undefined, call: Call): Promise<Entry[]> {
  const found = await call(
    () => readdirSync(path, { withFileTypes: true }),
    () => readdirAway(path, { withFileTypes: true }),
  );
  const odd = found.some(({ name }) => name.includes('\ufffd')) ? await namesNotUtf8(path, call) : new Set<string>();
  const entries = Array.from(odd, (name): Entry => ({ name, kind: 'name_not_utf8', size: null }));
  for (const entry of found) {
    if (odd.has(entry.name)) continue;
    const kind = entry.isSymbolicLink() ? await linkKind(`${path}/${entry.name}`, within, call) : kindOf(entry);
    entries.push({ name: entry.name, kind, size: null });
  }
  return entries;
}

async function linkKind(path: string, within: string | undefined, call: Call): Promise<Entry['kind']> {
  try {
    const real = await realPathOf(path, call);
    const stats = await statsOf(real, call);
    if (stats.isDirectory()) return 'linked_folder';
    if (within !== undefined && !(await leadsInside(real, within, call))) return 'link_outside';
    return kindOf(stats);
  } catch {
    return 'link_outside';
  }
}

/** A name that is not UTF-8 cannot be opened by the string that it decodes to. */
async function namesNotUtf8(path: string, call: Call): Promise<Set<string>> {
  const names = await call(
    () => readdirSync(path, { encoding: 'buffer' }),
    () => readdirAway(path, { encoding: 'buffer' }),
  );
  const odd = names.filter((name) => !Buffer.from(name.toString('utf8')).equals(name));
  return new Set(odd.map((name) => name.toString('utf8')));
}
