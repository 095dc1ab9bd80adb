import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';
import { Piscina } from 'piscina';
import type { FolderTask, Listing, Sizes, SizesTask } from './folder.js';
import type { ShardListing, ShardTask } from './shard.js';
import runScan, { type Outcome, type ScanTask } from './thread.js';
import { unreadable } from './unreadable.js';

/** So many samples are scanned on the calling thread before threads are started, which costs more than scanning them. */
const scannedInline = 4096;

/** More threads than cores: on network storage they wait most of the time. */
const threads = Math.min(16, Math.max(4, 2 * availableParallelism()));

type ScanOutcome = Outcome<{ readonly count: number }>;

/** Scans folders and shards, on threads of its own where there are many. Close it after use. */
export class Scanner {
  #pool: Piscina<ScanTask, ScanOutcome> | null = null;
  #inline = scannedInline;
  /** One at a time, so that what each has found counts before the next. */
  readonly #here = new PQueue({ concurrency: 1 });

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
    const here = await this.#here.add(async () => {
      if (this.#inline <= 0) return null;
      const outcome = (await runScan(task)) as ScanOutcome;
      this.#inline -= 16 + ('value' in outcome ? outcome.value.count : 0);
      return outcome;
    });
    const outcome = here ?? (await this.#threads().run(task));
    if ('fault' in outcome) throw unreadable(outcome.fault);
    return outcome.value;
  }

  #threads(): Piscina<ScanTask, ScanOutcome> {
    this.#pool ??= new Piscina({
      filename: new URL('./thread.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: threads,
    });
    return this.#pool;
  }
}
