import PQueue from 'p-queue';
import { type SourceStorage, type Stat, StorageFault, type StoredFile } from '../storage.js';
import { type Fetched, joinNeighbours } from './join-neighbours.js';
import type { Body, ObjectPage, ObjectStore, Range } from './object-store.js';
import { type Attempt, type Patience, tryAgain, usualPatience } from './try-again.js';

/** Requests of one thread to one store at a time, and so its connections: the rest wait. */
export const requestsAtOnce = 64;

/**
 * So many bytes are asked for where a reader has not said how many it wants: the headers of a tar file lie apart by the size of
 * an image, and a request takes as long as a megabyte.
 */
const windowBytes = 1024 * 1024;

/**
 * A storage over a store of objects, which has no folders but in its names, and no links. Every request has one of a bounded
 * number of places, is given up where nothing comes, and is made again where time may mend what went wrong. Bytes are taken
 * only if they are as many as they should be and of the version that was opened.
 */
export function objectStorage(store: ObjectStore, patience: Patience = usualPatience): SourceStorage {
  const queue = new PQueue({ concurrency: requestsAtOnce });
  // The place is free during a pause, and no time is counted before there is one.
  const ask = <T>(url: string, act: Attempt<T>): Promise<T> =>
    tryAgain(url, act, patience, (attempt) => queue.add(attempt) as Promise<T>);
  const stat = async (url: string): Promise<Stat | null> => {
    const found = await ask(url, (signal) => store.head(url, signal));
    if (found !== null) return found;
    return (await ask(url, (signal) => store.isFolder(url, signal))) ? folderStat : null;
  };

  async function fetched(url: string, range: Range, version: string | undefined): Promise<Fetched> {
    const found = await ask(url, async (signal, onProgress) => {
      const part = await store.get(url, range, signal);
      if (part === null) return null;
      if (version !== undefined && part.version !== version) throw changed(url);
      const length = Math.max(0, Math.min(range.length, part.size - range.offset));
      const bytes = await collected(url, part.body, length, onProgress);
      return { offset: range.offset, bytes, size: part.size, version: part.version };
    });
    if (found === null) throw nothingAt(url);
    return found;
  }

  const fetchedTogether = joinNeighbours(fetched);

  return {
    isFar: true,
    resolve: (given) => store.resolve(given),
    stat,
    measure: (folder, names) => Promise.all(names.map((name) => stat(`${folder}/${name}`))),
    isInside: async (url, folder) => liesIn(url, folder),

    async *list(folder) {
      let after: string | null = null;
      do {
        const from: string | null = after;
        const page: ObjectPage | null = await ask<ObjectPage | null>(folder, (signal) =>
          store.list(folder, from, signal),
        );
        if (page === null) throw nothingAt(folder);
        yield page.entries.filter(({ name }) => isName(name));
        after = page.after;
      } while (after !== null);
    },

    async open(url, { within, first = { offset: 0, length: windowBytes }, version } = {}) {
      if (within !== undefined && !within.some((folder) => liesIn(url, folder)))
        throw new StorageFault(url, 'OUTSIDE_ROOT', false, 'a file outside of its source');
      const opened = await fetchedTogether(url, first, version);
      const pinned = opened.version === '0' ? undefined : opened.version;
      return storedFile(opened, (range) => fetched(url, range, pinned));
    },
  };
}

/** The body of no bytes. */
export const emptyBody: Body = async () => {};

/** A folder of a store has no version: it is listed again. */
export const folderStat: Stat = { kind: 'folder', size: 0, version: '0' };

function storedFile(opened: Fetched, fetch: (range: Range) => Promise<Fetched>): StoredFile {
  let held = opened;
  return {
    size: opened.size,
    first: opened.bytes,
    async read(into, offset) {
      if (offset >= opened.size) return 0;
      if (offset < held.offset || offset >= held.offset + held.bytes.length)
        held = await fetch({ offset, length: Math.max(into.length, windowBytes) });
      return held.bytes.copy(into, 0, offset - held.offset);
    },
    close: () => {},
  };
}

/**
 * A body of a known length, in memory of its own. One that is longer or shorter has gone wrong on the way, and says nothing of the
 * object.
 */
async function collected(url: string, body: Body, length: number, onProgress: () => void): Promise<Buffer> {
  let bytes: Buffer | null = null;
  let done = 0;
  await body((chunk) => {
    onProgress();
    // Most bodies come whole, in memory that is nobody else's: these are not copied.
    if (chunk.length === length && chunk.buffer.byteLength === length) bytes = Buffer.from(chunk.buffer);
    else if (done + chunk.length <= length) {
      bytes ??= Buffer.allocUnsafeSlow(length);
      bytes.set(chunk, done);
    }
    done += chunk.length;
  });
  if (done === length) return bytes ?? Buffer.alloc(0);
  throw new StorageFault(url, 'WRONG_LENGTH', true, `a body of ${done} bytes where ${length} were to come`);
}

/** What a store says is not to be trusted to be a name: these would lead elsewhere. */
function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/');
}

function liesIn(url: string, folder: string): boolean {
  return url === folder || url.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function nothingAt(url: string): StorageFault {
  return new StorageFault(url, '404', false, 'nothing there');
}

function changed(url: string): StorageFault {
  const remedy =
    'Put the object back as it was, or run `npx --no-install tributary index` again, which makes other runs of those that use the source';
  return new StorageFault(
    url,
    'CHANGED',
    true,
    'an object that has been replaced (its ETag is another)',
    undefined,
    remedy,
  );
}
