import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { TributaryError } from '../../errors.js';
import type { FolderTask, Listing, Sizes, SizesTask } from './scan-folder.js';
import type { ShardListing, ShardTask } from './scan-shard.js';
import runScan, { type Outcome, type ScanTask } from './scan-worker.js';

/** So many samples are scanned on the calling thread before threads are started, which costs more than scanning them. */
const scannedInline = 4096;

/** More threads than cores: on network storage they wait most of the time. */
const threads = Math.min(16, Math.max(4, 2 * availableParallelism()));

/** Scans folders and shards, on threads of its own where there are many. Close it after use. */
export class Scanner {
  #pool: Piscina | null = null;
  #inline = scannedInline;

  /** @throws TributaryError SOURCE_UNREADABLE */
  async listFolder(task: FolderTask): Promise<Listing> {
    return (await this.#run({ scan: 'listFolder', task })) as Listing;
  }

  /** @throws TributaryError SOURCE_UNREADABLE */
  async sizeFiles(task: SizesTask): Promise<Sizes> {
    return (await this.#run({ scan: 'sizeFiles', task })) as Sizes;
  }

  /** @throws TributaryError SOURCE_UNREADABLE */
  async scanShard(task: ShardTask): Promise<ShardListing> {
    return (await this.#run({ scan: 'scanShard', task })) as ShardListing;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.#pool?.destroy();
  }

  async #run(task: ScanTask): Promise<unknown> {
    if (this.#inline <= 0) return unwrap((await this.#threads().run(task)) as Outcome<unknown>);
    const value = unwrap(runScan(task) as Outcome<{ count: number }>);
    // Counted before anything is awaited: the folders of a source are asked for all at once.
    this.#inline -= value.count + 16;
    return value;
  }

  #threads(): Piscina {
    this.#pool ??= new Piscina({
      filename: new URL('./scan-worker.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: threads,
    });
    return this.#pool;
  }
}

function unwrap<T>(outcome: Outcome<T>): T {
  if ('value' in outcome) return outcome.value;
  const { code, message, path } = outcome.fault;
  throw new TributaryError('SOURCE_UNREADABLE', {
    expected: `to read ${path}`,
    came: message,
    remedy: 'Give this process the right to read the source, or take what it cannot read out of it',
    metadata: { path, cause: code },
  });
}
