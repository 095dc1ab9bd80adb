import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { TributaryError } from '../errors.js';
import type { Outcome, StageSeconds, Task } from './sample-task.js';

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

  constructor(threads: number = availableParallelism(), observe: (seconds: StageSeconds) => void = () => {}) {
    this.threads = threads;
    this.concurrency = threads * 2;
    this.#observe = observe;
    this.#piscina = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 2,
    });
  }

  /** Runs one task. Throws what the task found wrong, but for corruption, which is an outcome. */
  async run(task: Task): Promise<Exclude<Outcome, { status: 'error' }>> {
    const outcome = (await this.#piscina.run(task)) as Outcome;
    if (outcome.status === 'error') throw new TributaryError(outcome.error.reason, outcome.error.detail);
    this.#observe(outcome.seconds);
    return outcome;
  }

  async close(): Promise<void> {
    await this.#piscina.close();
  }
}
