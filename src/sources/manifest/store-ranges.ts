import { randomUUID } from 'node:crypto';
import { openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TributaryError } from '../../errors.js';
import { unavailable } from '../storage/read-sample.js';
import { fill, StorageFault } from '../storage/storage.js';
import { storageOf } from '../storage/storages.js';
import { readable } from '../storage/unreadable.js';
import { Away } from './away.js';
import { type RangeFile, rangesOf } from './page-reader.js';

/** A manifest is fetched by blocks of so many bytes, which hold some three pages: a request takes as long as either. */
export const blockBytes: number = 1 << 16;
/** So many blocks are fetched ahead at most for whoever goes through a manifest in its order. */
const mostAhead = 63;

/**
 * Opens a manifest in a store. Its blocks are fetched when they are first asked for, and lie from then on in a file of the temporary
 * folder that has no name and goes with the process: `read` throws `Away` for what is not there yet. All are of the version that the
 * store told at first.
 *
 * @returns null where there is none.
 * @throws TributaryError as `readable`, MANIFEST_INVALID where the store tells no version.
 */
export async function openInStore(url: string): Promise<RangeFile | null> {
  const storage = storageOf(url);
  const stat = await readable(storage.stat(url));
  if (stat?.kind !== 'file') return null;
  const { size, version } = stat;
  if (version === '0') throw unversioned(url);
  const handle = roomFor(url, openUnnamed);
  const local = rangesOf(handle, size);
  const here = new Uint8Array(Math.ceil(size / blockBytes));
  const underWay = new Map<number, Promise<void>>();
  let nextInOrder = 0;
  let ahead = 0;

  async function fetchBlock(block: number): Promise<void> {
    const offset = block * blockBytes;
    const bytes = Buffer.allocUnsafeSlow(Math.min(blockBytes, size - offset));
    try {
      const file = await storage.open(url, { first: { offset, length: bytes.length }, version });
      try {
        if (file.size !== size || (await fill(file, bytes, offset)) < bytes.length)
          throw replaced(url, `one of ${file.size} bytes where there were ${size}`);
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      if (error.code === 'CHANGED' || !error.mayPass) throw replaced(url, error.message);
      throw unavailable({ path: url }, error, error.attempts);
    }
    roomFor(url, () => {
      for (let done = 0; done < bytes.length; )
        done += writeSync(handle, bytes, done, bytes.length - done, offset + done);
    });
    here[block] = 1;
  }

  function broughtBlock(block: number): Promise<void> | undefined {
    if (here[block] === 1) return undefined;
    const fetching = underWay.get(block) ?? fetchBlock(block).finally(() => underWay.delete(block));
    underWay.set(block, fetching);
    return fetching;
  }

  /** Neighbours that are asked for at once come by one request of the storage. */
  function bring(first: number, end: number): Promise<unknown> {
    let until = end;
    if (here[first] === 0 && !underWay.has(first)) {
      ahead = first === nextInOrder ? Math.min(2 * ahead + 1, mostAhead) : 0;
      until = nextInOrder = Math.min(end + ahead, here.length);
    }
    return Promise.all(Array.from({ length: until - first }, (_, i) => broughtBlock(first + i)));
  }

  return {
    size,
    read(offset, length, into) {
      const end = Math.ceil(Math.min(offset + length, size) / blockBytes);
      for (let block = Math.floor(offset / blockBytes); block < end; block++)
        if (here[block] === 0) throw new Away(() => bring(block, end));
      return local.read(offset, length, into);
    },
  };
}

function openUnnamed(): number {
  const path = join(tmpdir(), `tributary-${randomUUID()}`);
  const handle = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return handle;
}

/** Does what needs the temporary folder. */
function roomFor<T>(url: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new TributaryError('STORAGE_UNAVAILABLE', {
      expected: `room in the temporary folder for what is read of ${url}`,
      came: (cause as Error).message,
      remedy: 'Make room there, or set TMPDIR to a folder on a disk that has it for the whole file',
      metadata: { path: url, cause: (cause as NodeJS.ErrnoException).code ?? '' },
      cause,
    });
  }
}

function unversioned(url: string): TributaryError {
  return new TributaryError('MANIFEST_INVALID', {
    expected: `an ETag or a time of ${url} to know its version by`,
    came: 'none to rely on',
    remedy: 'Serve it by a server that tells one; where it was written just now, wait two seconds and try again',
    metadata: { path: url },
  });
}

function replaced(url: string, came: string): TributaryError {
  return new TributaryError('MANIFEST_INVALID', {
    expected: `the manifest at ${url} as it was when this process opened it`,
    came,
    remedy: 'Put it back, or start this process again: runs over another manifest are other runs',
    metadata: { path: url },
  });
}
