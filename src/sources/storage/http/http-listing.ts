import type { Entry } from '../storage.js';

/**
 * What a server's own page about a folder lists: nginx' (`autoindex`, as JSON or HTML), Apache's, lighttpd's, Caddy's and that of
 * Python's http.server. Null where the page is none of these.
 */
export function listedOnPage(type: string, text: string): Entry[] | null {
  return type.startsWith('application/json') ? listedInJson(text) : listedInHtml(text);
}

interface JsonEntry {
  readonly name: string;
  readonly type?: string;
  readonly is_dir?: boolean;
  readonly size?: number;
}

/** Whether a name is one of something directly in a folder: it goes into URLs. */
function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/');
}

/** nginx says `type`, Caddy `is_dir`. */
function listedInJson(text: string): Entry[] | null {
  try {
    const found = JSON.parse(text) as JsonEntry[];
    const entries = found.map(({ name, type, is_dir, size }): Entry => {
      const isFolder = type === 'directory' || is_dir === true;
      return {
        name: name.replace(/\/$/, ''),
        kind: isFolder ? 'folder' : 'file',
        size: !isFolder && isSize(size) ? size : null,
      };
    });
    return entries.every(({ name }) => isName(name)) ? entries : null;
  } catch {
    return null;
  }
}

function isSize(size: number | undefined): size is number {
  return Number.isSafeInteger(size) && size! >= 0;
}

function listedInHtml(text: string): Entry[] | null {
  if (!/<title>\s*(Index of|Directory listing for)/i.test(text)) return null;
  const entries = new Map<string, Entry>();
  for (const [, link] of text.matchAll(/<a\s[^>]*?href="([^"]*)"/gi)) {
    const name = nameOf(link!.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"'));
    if (name !== null) entries.set(name.text, { name: name.text, kind: name.isFolder ? 'folder' : 'file', size: null });
  }
  return [...entries.values()];
}

/** A link to something directly in the folder: no path, no query of a column's order. */
function nameOf(link: string): { text: string; isFolder: boolean } | null {
  const [, encoded, slash] = /^(?:\.\/)?([^/?#]+)(\/?)$/.exec(link) ?? [];
  if (encoded === undefined || /^[a-z][a-z\d+.-]*:/i.test(encoded)) return null;
  try {
    const text = decodeURIComponent(encoded);
    return isName(text) ? { text, isFolder: slash === '/' } : null;
  } catch {
    return null;
  }
}

/** The file that lists what lies below its folder, for servers that do not list by themselves. */
export const listName = 'files.txt';

/** The folders and files that a `files.txt` names, by folder: each line has a size in bytes, a space and a path. */
export type FileList = ReadonlyMap<string, ReadonlyMap<string, Entry>>;

/** Reads a `files.txt`, as `find . -type f -printf '%s %P\n'` writes it. Null where it is something else. */
export function readFileList(text: string): FileList | null {
  const folders = new Map<string, Map<string, Entry>>([['', new Map()]]);
  const folderOf = (path: string): Map<string, Entry> => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const folder = new Map<string, Entry>();
    folders.set(path, folder);
    const cut = path.lastIndexOf('/');
    const name = path.slice(cut + 1);
    folderOf(path.slice(0, Math.max(0, cut))).set(name, { name, kind: 'folder', size: null });
    return folder;
  };
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, size, path] = /^(\d{1,15}) (?:\.\/)?([^/].*)$/.exec(line) ?? [];
    if (size === undefined || path === undefined || !path.split('/').every(isName)) return null;
    const cut = path.lastIndexOf('/');
    const name = path.slice(cut + 1);
    folderOf(path.slice(0, Math.max(0, cut))).set(name, { name, kind: 'file', size: Number(size) });
  }
  return folders;
}
