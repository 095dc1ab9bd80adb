import { TributaryError } from '../../errors.js';
import { StorageFault } from './storage.js';

/** A fault as plain data: an error would lose its code on the way between threads. */
export type Unreadable = Pick<StorageFault, 'url' | 'code' | 'message' | 'mayPass' | 'remedy' | 'attempts'>;

/**
 * What a source is that cannot be indexed or checked: SOURCE_UNREADABLE, or STORAGE_UNAVAILABLE where a storage that tries again
 * by itself has tried in vain.
 */
export function unreadable({ url, code, message, mayPass, remedy, attempts }: Unreadable): TributaryError {
  const isAway = mayPass && remedy === null && attempts > 1;
  return new TributaryError(isAway ? 'STORAGE_UNAVAILABLE' : 'SOURCE_UNREADABLE', {
    expected: `to read ${url}`,
    came: isAway ? `${message} in ${attempts} attempts` : message,
    remedy:
      remedy ??
      (isAway
        ? 'Look to the storage of the source and try again'
        : 'Give this process the right to read the source, or take what it cannot read out of it'),
    metadata: { path: url, cause: code },
  });
}

/** Waits for an answer of a storage. @throws TributaryError as `unreadable` */
export async function readable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof StorageFault ? unreadable(error) : error;
  }
}
