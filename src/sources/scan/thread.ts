import { listFolder, sizeFiles } from './folder.js';
import { scanShard } from './shard.js';
import type { Unreadable } from './unreadable.js';

const scans = { listFolder, sizeFiles, scanShard };

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
    const { code = 'UNKNOWN', message, url = task.url } = error as Partial<Unreadable> & Error;
    return { fault: { url, code, message } };
  }
}
