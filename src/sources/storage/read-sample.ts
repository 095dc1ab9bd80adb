import { TributaryError } from '../../errors.js';
import { pauseAfter } from './pause.js';
import { fill, type Location, type SourceStorage, StorageFault } from './storage.js';
import { storageOf } from './storages.js';
import { unpack } from './unpack.js';

/** How `readSample` deals with a storage that fails. */
export interface ReadOptions {
  /** How often a failing storage is asked again; 5 where it is not given. */
  readonly retries?: number | undefined;
  /** The first pause in milliseconds, as `pauseAfter` has it. */
  readonly pauseMs?: number | undefined;
  /** The storage of the location's scheme where it is not given. */
  readonly storage?: SourceStorage | undefined;
}

/**
 * The bytes of a sample: `length` of them, from a regular file that lies inside the location's root.
 *
 * @throws TributaryError SAMPLE_CORRUPT with `metadata.cause` (the storage's code, or SIZE_CHANGED) where the sample is not
 * what was indexed and will not come back by itself; STORAGE_UNAVAILABLE where the storage failed through all retries, or
 * where the whole source is gone, which is a storage that is not mounted.
 */
export async function readSample(location: Location, options: ReadOptions = {}): Promise<Buffer> {
  const { retries = 5, pauseMs = 50, storage = storageOf(location.path) } = options;
  let wasThere = false;
  for (let attempts = 0; ; ) {
    try {
      return await readOnce(location, storage);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      const isThere = !error.mayPass && !(await isUnmounted(location.root, storage));
      // Seen before and after: the source may have come back, or gone, between the attempt and one look.
      if (wasThere && isThere) throw corrupt(location, error.code, error.message, error);
      wasThere = isThere;
      if (isThere) continue;
      attempts += error.attempts;
      if (error.remedy !== null || attempts > retries) throw unavailable(location, error, attempts);
    }
    await pauseAfter(pauseMs, attempts);
  }
}

async function readOnce(location: Location, storage: SourceStorage): Promise<Buffer> {
  const { path, offset, length, version = '', packed } = location;
  if (packed === undefined) return readRange(location, length, storage);
  const name = `${path} ${offset} ${packed.length} ${version}`;
  try {
    return await unpack(packed, length, name, () => readRange(location, packed.length, storage));
  } catch (error) {
    if (error instanceof StorageFault || error instanceof TributaryError) throw error;
    throw corrupt(location, 'SIZE_CHANGED', `bytes that are not packed as before: ${(error as Error).message}`, error);
  }
}

/** So many bytes at a location. */
async function readRange(location: Location, length: number, storage: SourceStorage): Promise<Buffer> {
  const { path, root, outside, version } = location;
  const offset = location.offset ?? 0;
  const file = await storage.open(path, {
    within: outside === undefined ? [root] : [root, ...outside],
    first: { offset, length },
    version,
  });
  try {
    const isWhole = location.offset === null ? file.size === length : file.size >= offset + length;
    if (!isWhole) throw corrupt(location, 'SIZE_CHANGED', `a file of ${file.size} bytes`);
    if (file.first?.length === length) return file.first;
    const bytes = Buffer.allocUnsafeSlow(length);
    const count = await fill(file, bytes, offset);
    if (count < length) throw corrupt(location, 'SIZE_CHANGED', `the end of the file after ${count} bytes`);
    return bytes;
  } finally {
    file.close();
  }
}

/** A folder of samples that has gone or holds nothing at all is a storage that is not there, not a sample that is gone. */
async function isUnmounted(root: string, storage: SourceStorage): Promise<boolean> {
  try {
    for await (const page of storage.list(root)) if (page.length > 0) return false;
    return true;
  } catch {
    return true;
  }
}

function corrupt(location: Location, cause: string, came: string, error?: unknown): TributaryError {
  const where = location.offset === null ? '' : ` at byte ${location.offset}`;
  return new TributaryError('SAMPLE_CORRUPT', {
    expected: `${location.length} bytes${where} of ${location.path}`,
    came,
    remedy: 'Restore the file, or run `tributary index` again, which makes other runs of those that use the source',
    metadata: { path: location.path, cause },
    cause: error,
  });
}

/** What a storage that has failed through all attempts is to whoever asked for a batch. */
export function unavailable(location: Pick<Location, 'path'>, fault: StorageFault, attempts: number): TributaryError {
  return new TributaryError('STORAGE_UNAVAILABLE', {
    expected: `to read ${location.path}`,
    came: `${fault.message} in ${attempts} attempts`,
    remedy: fault.remedy ?? 'Look to the storage of the source and ask for the batch again',
    metadata: { path: location.path, cause: fault.code },
    cause: fault,
  });
}
