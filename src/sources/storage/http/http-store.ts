import { TributaryError } from '../../../errors.js';
import { emptyBody, folderStat } from '../objects/object-storage.js';
import type { Body, ObjectStore } from '../objects/object-store.js';
import { type Entry, type Stat, StorageFault } from '../storage.js';
import { httpFault } from './http-faults.js';
import { type FileList, listedOnPage, listName, readFileList } from './http-listing.js';
import { askOverHttp, drain, type HttpAnswer, textOf } from './http-request.js';

/** A `files.txt` is asked for again after this time, in milliseconds. */
const listKeptMs = 60_000;

/** A `files.txt` that was looked for, at the folder that it would lie in. */
interface KnownList {
  readonly list: FileList | null;
  readonly until: number;
}

const unlisted =
  "Let the server list its folders (nginx: `autoindex on; autoindex_format json;`), or put a files.txt into the source's folder there, which `find . -type f -printf '%s %P\\n' > files.txt` makes";

/** Files on a web server that answers ranges. Folders are what the server lists, or what a `files.txt` in them or above them does. */
export function httpStore(): ObjectStore {
  const lists = new Map<string, Promise<KnownList>>();

  async function ask(method: 'GET' | 'HEAD', url: string, signal: AbortSignal, headers = {}): Promise<HttpAnswer> {
    return askOverHttp({ method, url: encoded(url), headers }, url, signal);
  }

  async function loadList(folder: string, signal: AbortSignal): Promise<KnownList> {
    const until = performance.now() + listKeptMs;
    const answer = await ask('GET', `${folder}/${listName}`, signal);
    if (answer.status >= 500 || answer.status === 429) {
      answer.destroy();
      throw httpFault(folder, answer.status);
    }
    const text = await textOf(answer);
    return { list: answer.status === 200 ? readFileList(text) : null, until };
  }

  function listAt(folder: string, signal: AbortSignal): Promise<KnownList> {
    const loading = loadList(folder, signal);
    lists.set(folder, loading);
    loading.catch(() => lists.delete(folder));
    return loading;
  }

  /** What a `files.txt` in a folder or above it says of the folder: undefined where there is no such file. */
  async function listedBy(folder: string, signal: AbortSignal): Promise<ReadonlyMap<string, Entry> | null | undefined> {
    for (const above of foldersFrom(folder)) {
      const known = await lists.get(above);
      const { list } = known !== undefined && known.until > performance.now() ? known : await listAt(above, signal);
      if (list !== null) return list.get(folder.slice(above.length + 1)) ?? null;
    }
    return undefined;
  }

  async function list(folder: string, signal: AbortSignal): Promise<readonly Entry[] | null> {
    const answer = await ask('GET', `${folder}/`, signal, { accept: 'application/json, text/html' });
    if (answer.status >= 500 || answer.status === 429) {
      answer.destroy();
      throw httpFault(folder, answer.status);
    }
    const text = await textOf(answer);
    const onPage = answer.status === 200 ? listedOnPage(answer.headers['content-type'] ?? '', text) : null;
    if (onPage !== null) return onPage;
    const listed = await listedBy(folder, signal);
    if (listed !== undefined) return listed === null ? null : [...listed.values()];
    if (answer.status === 404 || answer.status === 410) return null;
    throw answer.status === 200
      ? new StorageFault(folder, 'NOT_LISTED', true, 'a page that is no listing of a folder', undefined, unlisted)
      : httpFault(folder, answer.status, unlisted);
  }

  return {
    resolve: resolveHttp,

    async head(url, signal): Promise<Stat | null> {
      const answer = await ask('HEAD', isHost(url) ? `${url}/` : url, signal);
      await drain(answer);
      const { status, headers } = answer;
      if (status >= 500 || status === 429) throw httpFault(url, status);
      if (isHost(url) || isFolderRedirect(url, answer)) return folderStat;
      if (status === 200) return { kind: 'file', size: Number(headers['content-length']), version: versionOf(answer) };
      if (status === 404 || status === 410 || (await listedBy(url, signal)) !== undefined) return null;
      throw httpFault(url, status);
    },

    isFolder: async (url, signal) => (await listedBy(url, signal)) != null,

    async list(url, _after, signal) {
      const entries = await list(url, signal);
      return entries && { entries, after: null };
    },

    async get(url, { offset, length }, signal) {
      const range = `bytes=${offset}-${offset + Math.max(length, 1) - 1}`;
      const answer = await ask('GET', url, signal, { range });
      const { status, headers } = answer;
      if (status === 206) {
        const [, from, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
        if (Number(from) === offset)
          return { size: Number(size), version: versionOf(answer), body: limited(answer, length) };
      } else if (status === 200 && offset === 0 && Number(headers['content-length']) <= length)
        return { size: Number(headers['content-length']), version: versionOf(answer), body: answer.body };
      else if (status === 416) {
        // The file is shorter than it was, or empty.
        await drain(answer);
        const size = /^bytes \*\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
        if (size !== undefined) return { size: Number(size), version: versionOf(answer), body: emptyBody };
      }
      answer.destroy();
      if (status === 404 || status === 410 || isFolderRedirect(url, answer)) return null;
      if (status === 200 || status === 206 || status === 416)
        throw new StorageFault(url, 'NO_RANGES', true, 'a server that does not answer ranges', undefined, noRanges);
      throw httpFault(url, status);
    },
  };
}

const noRanges = 'Serve the files by a server that answers ranges, as nginx and every object store do';

/** A range of no bytes cannot be asked for. */
function limited({ body, destroy }: HttpAnswer, length: number): Body {
  if (length > 0) return body;
  destroy();
  return emptyBody;
}

/** Servers send those who ask for a folder without a slash at its end to the one with it. */
function isFolderRedirect(url: string, { status, headers }: HttpAnswer): boolean {
  if (status < 300 || status >= 400) return false;
  const path = (text: string) => new URL(text, encoded(url)).pathname;
  return path(headers.location ?? '') === `${path(encoded(url))}/`;
}

/** Servers make ETags of times in seconds: what is younger than this, in milliseconds, may change without another ETag. */
const youngMs = 2000;

/** An ETag that is weak still names a version. */
function versionOf({ headers }: HttpAnswer): string {
  const changed = headers['last-modified'];
  const isYoung = Date.parse(headers.date ?? '') - Date.parse(changed ?? '') < youngMs;
  return isYoung ? '0' : (headers.etag ?? changed ?? '0');
}

/** Names stand in a URL as they are, and are encoded for the request. */
function encoded(url: string): string {
  const [, origin, path] = /^([^:]*:\/\/[^/]*)(.*)$/s.exec(url)!;
  return origin + path!.split('/').map(encodeURIComponent).join('/');
}

function isHost(url: string): boolean {
  return /^[^:]*:\/\/[^/]*$/.test(url);
}

/** A folder and those above it, up to the host. */
function* foldersFrom(folder: string): Generator<string, void> {
  for (let at = folder; ; at = at.slice(0, at.lastIndexOf('/'))) {
    yield at;
    if (isHost(at)) return;
  }
}

/**
 * A URL of a web server without `/` at its end.
 *
 * @throws TributaryError CONFIG_INVALID for one with a user, a password, a query or a fragment, which are not repeated.
 */
function resolveHttp(given: string): string {
  const [, scheme, host, path] = /^([a-z][a-z\d+.-]*):\/\/([^/]*)(.*)$/is.exec(given) ?? [];
  if (scheme !== undefined && host !== '' && !host!.includes('@') && !/[?#]/.test(given))
    return `${scheme.toLowerCase()}://${host!.toLowerCase()}${path!.replace(/\/+$/, '')}`;
  throw new TributaryError('CONFIG_INVALID', {
    expected: 'a URL of a host and a path, as https://data.example.org/photos',
    came: 'one without a host, or with a user, a password, a query or a fragment',
    remedy: 'Take these out of the path of the source: credentials come from the environment',
  });
}
