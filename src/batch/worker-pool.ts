import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
// The threads decode, and only the main thread can say what they may.
import '../decode/allow-list.js';
import { TributaryError } from '../errors.js';
import type { Manifest } from '../sources/manifest.js';
import type { SampleCaches } from './sample-caches.js';
import type { CheckTask, DrawTask, MakeTask, Outcome, PackTask, StageSeconds } from './sample-task.js';

/** What became of a task that did not fail. */
export type Finished = Exclude<Outcome, { status: 'error' }>;

/** Which sample a task is about. */
export interface PooledSample {
  readonly manifest: Manifest;
  readonly index: number;
}

/** A task that a sample's place in the source and in the caches is yet to be added to. */
export type SampleTask = Omit<MakeTask, 'location' | 'cache'> | Omit<DrawTask, 'location' | 'cache'>;

/**
 * The worker threads. Two tasks are in each thread at a time, so that one is decoded by libvips' thread while the other
 * is in the kernels. `close` ends the threads after their current tasks.
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

  /** Makes a sample or draws for it. Throws what the task found wrong, but for corruption, which is an outcome. */
  async run(task: SampleTask, { manifest, index }: PooledSample): Promise<Finished> {
    const location = manifest.location(index);
    const cache = this.#caches?.begin(manifest, index, location) ?? null;
    let outcome: Outcome | null = null;
    try {
      outcome = (await this.#piscina.run({ ...task, location, cache })) as Outcome;
    } finally {
      if (cache !== null) this.#caches!.end(manifest, index, cache, outcome?.cache ?? null);
    }
    return this.#finished(outcome);
  }

  /** Packs a sample, or looks at a whole batch, and yields the CRC-32. Throws what went wrong. */
  async pack(task: PackTask | CheckTask): Promise<number> {
    const outcome = this.#finished((await this.#piscina.run(task)) as Outcome);
    if (outcome.status !== 'packed') throw new Error(`a ${task.kind} task ended as ${outcome.status}`);
    return outcome.crc32;
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
