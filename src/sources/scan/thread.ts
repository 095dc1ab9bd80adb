import { type FolderTask, listFolder, type SizesTask, sizeFiles } from './folder.js';
import { type ShardTask, scanShard } from './shard.js';
import type { Unreadable } from './unreadable.js';

/** The tasks of a scan, by name. */
const scans = { listFolder, sizeFiles, scanShard };

/** What a scan came to. */
export type Outcome<T> = { readonly value: T } | { readonly fault: Unreadable };

/** One scan, to be run on any thread. */
export type ScanTask =
  | { readonly scan: 'listFolder'; readonly task: FolderTask }
  | { readonly scan: 'sizeFiles'; readonly task: SizesTask }
  | { readonly scan: 'scanShard'; readonly task: ShardTask };

/** Runs one scan. It never rejects. */
export default async function runScan({ scan, task }: ScanTask): Promise<Outcome<unknown>> {
  try {
    return { value: await (scans[scan] as (task: unknown) => Promise<unknown>)(task) };
  } catch (error) {
    const { code = 'UNKNOWN', message, url = task.url } = error as Partial<Unreadable> & Error;
    return { fault: { url, code, message } };
  }
}
