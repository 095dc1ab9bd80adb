import { statfs } from 'node:fs';
import { promisify } from 'node:util';
import PQueue from 'p-queue';
import { StorageFault } from '../storage.js';
import type { Call } from './calls.js';

const statfsAway = promisify(statfs);

/** Calls of one folder's file system that a thread makes at a time: one that hangs leaves room among libuv's threads for others. */
const callsAtOnce = 4;
const patience = 30_000;

/**
 * File systems whose data lie on this machine, by the number that statfs gives for their type: ext, XFS, Btrfs, tmpfs, overlay, ZFS,
 * SquashFS, F2FS, ramfs, bcachefs, EROFS. Any other, of a network or of a process (FUSE), may keep a call waiting without end.
 *
 * Source: Linux include/uapi/linux/magic.h; bcachefs fs/bcachefs/bcachefs_format.h; OpenZFS include/sys/fs/zfs.h.
 */
const nearTypes: ReadonlySet<number> = new Set([
  ...[0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1],
  ...[0x73717368, 0xf2f52010, 0x858458f6, 0xca451a4e, 0xe0f5e1e2],
]);

/** Whether calls of a folder's file system may be made on a thread that has other things to do. */
export async function isNear(folder: string, call: Call): Promise<boolean> {
  const stats = await call(
    () => statfsAway(folder),
    () => statfsAway(folder),
  );
  return nearTypes.has(Number(stats.type) >>> 0);
}

/**
 * Calls on libuv's threads, so many at a time. One that has no answer in time is a fault that asking again at once does not mend: it is
 * left to itself, holds its place until it returns, and what it brings then is undone.
 *
 * @param folder for the message.
 */
export function patientCalls(folder: string, milliseconds = patience): Call {
  const queue = new PQueue({ concurrency: callsAtOnce });
  return <T>(_here: () => T | Promise<T>, away: () => Promise<T>, undo: (late: T) => void = () => {}) =>
    new Promise<T>((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(hung(folder, milliseconds));
      }, milliseconds);
      void queue.add(async () => {
        if (isLate) return;
        try {
          const came = await away();
          if (isLate) undo(came);
          else resolve(came);
        } catch (error) {
          reject(error);
        } finally {
          clearTimeout(timer);
        }
      });
    });
}

function hung(folder: string, milliseconds: number): StorageFault {
  return new StorageFault(
    folder,
    'ETIMEDOUT',
    true,
    `no answer of its file system within ${milliseconds / 1000} s`,
    undefined,
    `Look whether what is mounted at ${folder} answers, and ask for the batch again`,
  );
}
