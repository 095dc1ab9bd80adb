import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
// The threads decode, and only the main thread can say what they may.
import '../decode/allow-list.js';
import type { SampleCaches } from '../cache/sample-caches.js';
import { TributaryError } from '../errors.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import type { CheckTask, DrawTask, MakeTask, Outcome, Packed, PackTask, StageSeconds } from './sample-task.js';

/** What became of a sample that did not fail. */
export type Finished = Exclude<Outcome, { status: 'error' }>;

/** Which sample of a source is meant. */
export interface PooledSample {
  readonly manifest: Manifest;
  readonly index: number;
}

/** A task without what the source and the caches know of its samples. */
type Unplaced<T extends MakeTask | DrawTask> = Omit<T, 'samples'> & {
  readonly samples: readonly (PooledSample & Omit<T['samples'][number], 'location' | 'cache'>)[];
};

/**
 * The worker threads. Two tasks are in each thread at a time, so that one is read, or decoded by libvips' thread, while
 * the other is in the kernels. `close` ends the threads after their current tasks.
 */
export class WorkerPool {
  readonly threads: number;
  /** Tasks that run at a time: more than that only wait. */
  readonly concurrency: number;
  readonly #piscina: Piscina;
  readonly #observe: (seconds: StageSeconds) => void;
  readonly #caches: SampleCaches | null;

  constructor(
    threads: number = availableParallelism(),
    observe: (seconds: StageSeconds) => void = () => {},
    caches: SampleCaches | null = null,
  ) {
    this.#caches = caches;
    this.threads = threads;
    this.concurrency = threads * 2;
    this.#observe = observe;
    this.#piscina = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 2,
      workerData: caches?.memory ?? null,
    });
  }

  /**
   * Makes samples or draws for them, one after the other in one thread. Throws the first error, but for corruption, which
   * is an outcome.
   */
  async run<T extends MakeTask | DrawTask>(task: Unplaced<T>): Promise<Finished[]> {
    const samples = task.samples.map(({ manifest, index, ...rest }) => {
      const location = manifest.location(index);
      return { ...rest, location, cache: this.#caches?.begin(manifest, index, location) ?? null };
    });
    let outcomes: readonly Outcome[] = [];
    try {
      outcomes = await this.#piscina.run({ ...task, samples });
    } finally {
      for (const [i, { cache }] of samples.entries()) {
        const { manifest, index } = task.samples[i]!;
        if (cache !== null) this.#caches!.end(manifest, index, cache, outcomes[i]?.cache ?? null);
      }
    }
    return outcomes.map((outcome) => this.#finished(outcome));
  }

  /** Packs a sample, or looks at a whole batch, and yields the CRC-32. */
  async pack(task: PackTask | CheckTask): Promise<number> {
    const { crc32, seconds } = (await this.#piscina.run(task)) as Packed;
    this.#observe(seconds);
    return crc32;
  }

  #finished(outcome: Outcome): Finished {
    if (outcome.status === 'error') throw new TributaryError(outcome.error.reason, outcome.error.detail);
    this.#observe(outcome.seconds);
    return outcome;
  }

  async close(): Promise<void> {
    await this.#piscina.close();
  }
}
