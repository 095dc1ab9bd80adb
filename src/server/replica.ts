import type { Logger } from 'pino';
import { Allotment } from '../augment/allotment.js';
import type { Backend } from '../augment/backend.js';
import type { DeviceSource } from '../augment/device.js';
import type { CorruptSample } from '../batch/batch.js';
import { BatchMaker } from '../batch/batch-maker.js';
import { FairQueue } from '../batch/fair-queue.js';
import { WorkerPool } from '../batch/worker-pool.js';
import type { SampleCaches } from '../cache/sample-caches.js';
import type { OpenRuns } from '../runs/open-runs.js';
import { Gate } from './gate.js';
import type { Metrics } from './metrics.js';
import type { Tokens } from './tokens.js';

/** What a loader replica is given. */
export interface ReplicaOptions {
  readonly runs: OpenRuns;
  readonly backend: Backend;
  readonly workers: number;
  /** Processes that share its address; 1 where absent. */
  readonly processes?: number;
  /** Bytes for batches. */
  readonly memory: number;
  readonly caches: SampleCaches;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Who may call; everybody where it is absent. */
  readonly tokens?: Tokens | null;
}

/** A loader process' parts: what its services share. It holds no state that outlives a request but caches. */
export interface Replica extends Omit<ReplicaOptions, 'workers' | 'memory'> {
  readonly maker: BatchMaker;
  readonly queue: FairQueue;
  readonly pool: WorkerPool;
  readonly gate: Gate;
  /** What goes to a device; null where there is to be none. */
  readonly allotment: Allotment | null;
  /** Aborted when the replica drains: streams end after the batch that they are sending. */
  readonly draining: AbortController;
  close(): Promise<void>;
}

/** Starts the worker threads, and shows in the metrics how they do. */
export function openReplica({ workers, memory, ...given }: ReplicaOptions): Replica {
  const { backend, caches, metrics, log } = given;
  const pool = new WorkerPool(workers, (seconds) => metrics.observeStages(seconds), caches);
  const queue = new FairQueue(pool.concurrency);
  const onSample = (source: string, corrupt: readonly CorruptSample[]): void => {
    metrics.samples.inc({ result: corrupt.length === 0 ? 'ok' : 'substituted' });
    for (const { key, reason } of corrupt)
      log.warn({ source, key, reason }, 'sample substituted: it cannot be decoded');
  };
  const allotment = backend.device ? openAllotment(backend.device, queue, pool, log) : null;
  const maker = new BatchMaker({ pool, queue, allotment, onSample }, memory);
  metrics.watch({ queue, maker, pool, caches, allotment });
  return {
    ...given,
    maker,
    queue,
    pool,
    gate: new Gate(given.tokens),
    allotment,
    draining: new AbortController(),
    async close() {
      given.tokens?.close();
      await pool.close();
      await allotment?.close();
      await backend.close();
    },
  };
}

/** What goes to a device, by how much waits for the worker threads; and what becomes of it, for the log. */
function openAllotment(source: DeviceSource, queue: FairQueue, pool: WorkerPool, log: Logger): Allotment {
  const backlog = () => ((queue.size + queue.pending) * pool.taskSeconds) / pool.concurrency;
  return new Allotment(source, backlog, {
    opened: (device) => log.info({ device }, 'device open: samples go to it while it ends before the worker threads'),
    missing: () => log.debug('no GPU answers: worker threads make every sample'),
    lost: (reason, again) => log.warn({ reason, again }, 'device lost: worker threads make its samples'),
    found: (run, ways) =>
      log.info({ run, ...ways }, 'where samples are made, and milliseconds of CPU a sample by each way'),
  });
}
