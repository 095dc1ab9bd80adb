import { type FolderTask, listFolder, type SizesTask, sizeFiles } from './scan-folder.js';
import { type ShardTask, scanShard } from './scan-shard.js';

/** The tasks of a scan, by name. They use blocking calls: on a thread of their own these cost a third of asynchronous ones. */
export const scans = { listFolder, sizeFiles, scanShard };

/** What a scan came to: errors lose their code on the way between threads, so they travel as values. */
export type Outcome<T> =
  | { readonly value: T }
  | { readonly fault: { readonly code: string; readonly message: string; readonly path: string } };

/** One scan, to be run on any thread. */
export type ScanTask =
  | { readonly scan: 'listFolder'; readonly task: FolderTask }
  | { readonly scan: 'sizeFiles'; readonly task: SizesTask }
  | { readonly scan: 'scanShard'; readonly task: ShardTask };

/** Runs one scan. It never throws. */
export default function runScan({ scan, task }: ScanTask): Outcome<unknown> {
  try {
    return { value: (scans[scan] as (task: unknown) => unknown)(task) };
  } catch (error) {
    const { code, message, path } = error as NodeJS.ErrnoException;
    return { fault: { code: code ?? 'UNKNOWN', message, path: path ?? task.path } };
  }
}
