import { close, constants, fstatSync, open, readdir, read as readFile, readlinkSync, realpath } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TributaryError } from '../../errors.js';
import type { Location } from '../manifest/manifest.js';
import { isInside } from './inside.js';

/** The calls that reading makes: the file system's, or a storage that fails on purpose. All reject with an errno code. */
export interface SampleStorage {
  /** Opens for reading without waiting for anything but the storage. */
  open(path: string): Promise<number>;
  /** What was opened: whether it is a regular file, its size, and its real path. */
  inspect(file: number, path: string): Promise<{ isFile: boolean; size: number; realPath: string }>;
  /** As many of the bytes at `offset` as come at once; 0 at the end. */
  read(file: number, into: Buffer, start: number, offset: number): Promise<number>;
  close(file: number): void;
  /** The real path of a folder. */
  realpath(path: string): Promise<string>;
  /** Whether a folder holds anything. */
  isEmpty(path: string): Promise<boolean>;
}

/** How `readSample` deals with a storage that fails. */
export interface ReadOptions {
  /** How often a failing storage is asked again; 5 where it is not given. */
  readonly retries?: number | undefined;
  /** The first pause in milliseconds; each is twice the one before, up to 30 times the first, times a random half to whole. */
  readonly pauseMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly storage?: SampleStorage | undefined;
}

/** Errors that are the file's own and will not pass: they make a sample corrupt. Every other error is the storage's. */
const permanent: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'EINVAL',
]);

/** The local file system. */
export const fileStorage: SampleStorage = {
  // O_NONBLOCK: opening a FIFO that nobody writes to would never return.
  open: (path) => openFile(path, constants.O_RDONLY | constants.O_NONBLOCK),
  async inspect(file, path) {
    const stats = fstatSync(file);
    return { isFile: stats.isFile(), size: stats.size, realPath: await realPathOf(file, path) };
  },
  read: async (file, into, start, offset) =>
    (await readBytes(file, into, start, into.length - start, offset)).bytesRead,
  close: (file) => close(file),
  realpath: (path) => resolvePath(path),
  isEmpty: async (path) => (await listNames(path)).length === 0,
};

const openFile = promisify(open);
const readBytes = promisify(readFile);
const resolvePath = promisify(realpath.native);
const listNames = promisify(readdir);

/**
 * The bytes of a sample: `length` of them, from a regular file whose real path lies inside the location's root.
 *
 * @throws TributaryError SAMPLE_CORRUPT with `metadata.cause` (an errno code, or SIZE_CHANGED, NOT_A_FILE, OUTSIDE_ROOT)
 * where the sample is not what was indexed and will not come back by itself; STORAGE_UNAVAILABLE where the storage failed
 * through all retries, or where the whole source is gone, which is a storage that is not mounted; STREAM_CANCELLED where
 * the signal says so.
 */
export async function readSample(location: Location, options: ReadOptions = {}): Promise<Buffer> {
  const { retries = 5, pauseMs = 50, signal, storage = fileStorage } = options;
  for (let attempt = 0; ; attempt++) {
    if (signal?.aborted) throw cancelled(location);
    try {
      return await readOnce(location, storage);
    } catch (error) {
      if (error instanceof TributaryError || (error as NodeJS.ErrnoException).code === undefined) throw error;
      if (attempt >= retries) throw unavailable(location, error as NodeJS.ErrnoException, attempt + 1);
    }
    const longest = pauseMs * Math.min(30, 2 ** attempt);
    await pause(longest * (0.5 + Math.random() / 2), undefined, signal && { signal }).catch(() => {});
  }
}

async function readOnce(location: Location, storage: SampleStorage): Promise<Buffer> {
  const { path, root, length } = location;
  let file: number | null = null;
  try {
    file = await storage.open(path);
    const { isFile, size, realPath } = await storage.inspect(file, path);
    if (!isFile) throw corrupt(location, 'NOT_A_FILE', 'something that is no regular file');
    if (!(await isInRoot(realPath, root, storage)))
      throw corrupt(location, 'OUTSIDE_ROOT', 'a file outside of its source');
    const offset = location.offset ?? 0;
    const isWhole = location.offset === null ? size === length : size >= offset + length;
    if (!isWhole) throw corrupt(location, 'SIZE_CHANGED', `a file of ${size} bytes`);
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const count = await storage.read(file, bytes, done, offset + done);
      if (count === 0) throw corrupt(location, 'SIZE_CHANGED', `the end of the file after ${done} bytes`);
      done += count;
    }
    return bytes;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof TributaryError || code === undefined || !permanent.has(code)) throw error;
    if (await isUnmounted(root, storage)) throw error;
    throw corrupt(location, code, (error as Error).message, error);
  } finally {
    if (file !== null) storage.close(file);
  }
}

/** A folder of samples that has gone or holds nothing at all is a storage that is not there, not a sample that is gone. */
async function isUnmounted(root: string, storage: SampleStorage): Promise<boolean> {
  return storage.isEmpty(root).catch(() => true);
}

const realRoots = new Map<string, string>();

async function isInRoot(realPath: string, root: string, storage: SampleStorage): Promise<boolean> {
  const known = realRoots.get(root);
  if (known !== undefined && isInside(realPath, known)) return true;
  // A root may be a link that points elsewhere by now: only its present target can refuse.
  const real = await storage.realpath(root);
  realRoots.set(root, real);
  return isInside(realPath, real);
}

async function realPathOf(file: number, path: string): Promise<string> {
  try {
    // The path of what was opened, whatever has become of the links on the way since; it never waits for the storage.
    return readlinkSync(`/proc/self/fd/${file}`);
  } catch {
    return resolvePath(path);
  }
}

function corrupt(location: Location, cause: string, came: string, error?: unknown): TributaryError {
  const where = location.offset === null ? '' : ` at byte ${location.offset}`;
  return new TributaryError('SAMPLE_CORRUPT', {
    expected: `${location.length} bytes${where} of ${location.path}`,
    came,
    remedy: 'Restore the file, or run `npx tributary index` again, which makes other runs of those that use the source',
    metadata: { path: location.path, cause },
    cause: error,
  });
}

function unavailable(location: Location, error: NodeJS.ErrnoException, attempts: number): TributaryError {
  return new TributaryError('STORAGE_UNAVAILABLE', {
    expected: `to read ${location.path}`,
    came: `${error.message} in ${attempts} attempts`,
    remedy: 'Look to the storage of the source and ask for the batch again',
    metadata: { path: location.path, cause: error.code ?? 'UNKNOWN' },
    cause: error,
  });
}

function cancelled(location: Location): TributaryError {
  return new TributaryError('STREAM_CANCELLED', {
    expected: `to read ${location.path}`,
    came: 'a cancellation',
    remedy: 'Ask for the batch again',
  });
}
