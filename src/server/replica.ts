import type { Logger } from 'pino';
import type { Backend } from '../augment/backend.js';
import { BatchMaker } from '../batch/batch-maker.js';
import { FairQueue } from '../batch/fair-queue.js';
import type { StageSeconds } from '../batch/sample-task.js';
import { WorkerPool } from '../batch/worker-pool.js';
import { SampleCaches } from '../cache/sample-caches.js';
import type { OpenRuns } from '../runs/open-runs.js';
import type { Metrics } from './metrics.js';

/** What a loader replica is given. */
export interface ReplicaOptions {
  readonly runs: OpenRuns;
  readonly backend: Backend;
  readonly workers: number;
  /** Bytes for batches. */
  readonly memory: number;
  /** Caches of samples; absent for none. */
  readonly caches?: SampleCaches;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** A loader process' parts: what its services share. It holds no state that outlives a request but caches. */
export class Replica {
  readonly runs: OpenRuns;
  readonly backend: Backend;
  readonly maker: BatchMaker;
  readonly queue: FairQueue;
  readonly pool: WorkerPool;
  readonly caches: SampleCaches;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Aborted when the replica drains: streams end after the batch that they are sending. */
  readonly draining = new AbortController();

  constructor({ runs, backend, workers, memory, caches, metrics, log }: ReplicaOptions) {
    this.runs = runs;
    this.backend = backend;
    this.metrics = metrics;
    this.log = log;
    this.caches = caches ?? new SampleCaches({ memory: 0, decoded: 0 }, null);
    this.pool = new WorkerPool(workers, (seconds: StageSeconds) => metrics.observeStages(seconds), this.caches);
    this.queue = new FairQueue(this.pool.concurrency);
    this.maker = new BatchMaker(
      {
        pool: this.pool,
        queue: this.queue,
        backend,
        onSample: (source, corrupt) => {
          metrics.samples.inc({ result: corrupt.length === 0 ? 'ok' : 'substituted' });
          for (const { key, reason } of corrupt)
            log.warn({ source, key, reason }, 'sample substituted: it cannot be decoded');
        },
      },
      memory,
    );
    metrics.watch(this);
  }

  async close(): Promise<void> {
    await this.pool.close();
    await this.backend.close();
  }
}
