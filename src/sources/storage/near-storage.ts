import { closeSync, constants, openSync, readSync } from 'node:fs';
import { fileStorage, type SampleStorage } from './read.js';

/** A call that takes longer than this, in milliseconds, did not come from the page cache. */
const slowMs = 2;
/** So many samples are read on other threads after a slow call, before the next is tried on this one. */
const samplesAway = 256;

/**
 * The local file system, read on the calling thread while it answers at once: a call on libuv's threads wakes two threads,
 * which costs more than reading a file that is in the page cache. After a call that took long, the next samples are read
 * on libuv's threads, so that a slow storage holds up no thread for long.
 *
 * @param far what reads while the storage is slow.
 * @param now a clock in milliseconds.
 */
export function nearStorage(
  far: SampleStorage = fileStorage,
  now: () => number = () => performance.now(),
): SampleStorage {
  let away = 0;
  const near = <T>(call: () => T): T => {
    const start = now();
    try {
      return call();
    } finally {
      if (now() - start > slowMs) away = samplesAway;
    }
  };
  return {
    ...far,
    async open(path) {
      if (away > 0) {
        away--;
        return far.open(path);
      }
      // O_NONBLOCK: opening a FIFO that nobody writes to would never return.
      return near(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    },
    async read(file, into, start, offset) {
      if (away > 0) return far.read(file, into, start, offset);
      return near(() => readSync(file, into, start, into.length - start, offset));
    },
    close(file) {
      if (away > 0) far.close(file);
      else near(() => closeSync(file));
    },
  };
}
