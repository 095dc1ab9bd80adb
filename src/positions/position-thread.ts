import PQueue from 'p-queue';
import { findPositions } from '../decode/baseline-jpeg.js';
import { readTables } from '../decode/jpeg-tables.js';
import { type ErrorDetail, type Reason, TributaryError } from '../errors.js';
import { discard } from '../memory/discard.js';
import { defaultLimits } from '../run/limits.js';
import { readSample } from '../sources/storage/read-sample.js';
import type { Location } from '../sources/storage/storage.js';
import { storageOf } from '../sources/storage/storages.js';

/** What is kept of some samples, in their order, or why they cannot be read. */
export type Found =
  | { readonly positions: readonly Uint8Array[] }
  | { readonly reason: Reason; readonly detail: Omit<ErrorDetail, 'cause'> };

const none = new Uint8Array(0);
/** Samples under way at a time: of storage that is far, most wait. */
const [near, far] = [2, 16];

/** Finds positions in some samples of one source; a sample that is corrupt, or in another format, has none. */
export default async function findInSamples(locations: readonly Location[]): Promise<Found> {
  const isFar = locations.some(({ path }) => storageOf(path).isFar);
  const queue = new PQueue({ concurrency: isFar ? far : near });
  try {
    return { positions: await queue.addAll(locations.map((location) => () => positionsAt(location))) };
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    queue.clear();
    await queue.onIdle();
    return { reason: error.reason, detail: error.detail };
  }
}

async function positionsAt(location: Location): Promise<Uint8Array> {
  if (location.length > defaultLimits.bytes) return none;
  try {
    const bytes = await readSample(location);
    try {
      const tables = readTables(bytes);
      return (tables && findPositions(bytes, tables)) ?? none;
    } finally {
      discard(bytes);
    }
  } catch (error) {
    if (error instanceof TributaryError && error.reason === 'SAMPLE_CORRUPT') return none;
    throw error;
  }
}
