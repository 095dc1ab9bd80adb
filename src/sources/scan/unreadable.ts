import { TributaryError } from '../../errors.js';
import type { StorageFault } from '../storage/storage.js';

/** A fault as plain data: an error would lose its code on the way between threads. */
export type Unreadable = Pick<StorageFault, 'url' | 'code' | 'message'>;

/** SOURCE_UNREADABLE, for a source that cannot be indexed or checked. */
export function unreadable({ url, code, message }: Unreadable): TributaryError {
  return new TributaryError('SOURCE_UNREADABLE', {
    expected: `to read ${url}`,
    came: message,
    remedy: 'Give this process the right to read the source, or take what it cannot read out of it',
    metadata: { path: url, cause: code },
  });
}
