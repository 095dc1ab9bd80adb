import { isParquetName } from '../layouts/parquet.js';
import type { Unreadable } from '../storage/unreadable.js';
import { listFolder, sizeFiles } from './folder.js';
import { type ShardListing, type ShardTask, scanTar } from './shard.js';

const scans = { listFolder, sizeFiles, scanShard };

async function scanShard(task: ShardTask): Promise<ShardListing> {
  if (!isParquetName(task.url.slice(task.url.lastIndexOf('/') + 1))) return scanTar(task);
  // It brings a library that tar files have no use for.
  const { scanParquet } = await import('./parquet.js');
  return scanParquet(task);
}

/** The tasks of a scan, by name. */
export type Scans = typeof scans;

/** One scan, to be run on any thread. */
export interface ScanTask<S extends keyof Scans = keyof Scans> {
  readonly scan: S;
  readonly task: Parameters<Scans[S]>[0];
}

/** What a scan came to. */
export type Outcome = { readonly value: Awaited<ReturnType<Scans[keyof Scans]>> } | { readonly fault: Unreadable };

/** Runs one scan. It never rejects. */
export default async function runScan({ scan, task }: ScanTask): Promise<Outcome> {
  try {
    return { value: await scans[scan](task as never) };
  } catch (error) {
    const { url = task.url, code = 'UNKNOWN', message, ...more } = error as Partial<Unreadable> & Error;
    const { mayPass = false, remedy = null, attempts = 1 } = more;
    return { fault: { url, code, message, mayPass, remedy, attempts } };
  }
}
