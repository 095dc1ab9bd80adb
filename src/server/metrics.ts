import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Allotment } from '../augment/allotment.js';
import type { BatchMaker } from '../batch/batch-maker.js';
import type { FairQueue } from '../batch/fair-queue.js';
import type { StageSeconds } from '../batch/sample-task.js';
import type { WorkerPool } from '../batch/worker-pool.js';
import type { SampleCaches } from '../cache/sample-caches.js';
import { version } from '../run/version.js';
import type { Refusal } from './connections.js';
import { Load } from './load.js';

const fine = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

/** What of a replica is shown as it is when asked. */
export interface Watched {
  readonly queue: FairQueue;
  readonly maker: BatchMaker;
  readonly pool: WorkerPool;
  readonly caches: SampleCaches;
  readonly allotment: Allotment | null;
}

/** A replica's Prometheus metrics. docs/metrics.md explains each under its name. */
export class Metrics {
  readonly registry = new Registry();
  readonly started = this.#counter('grpc_server_started_total', 'Calls begun', 'grpc_service', 'grpc_method');
  readonly handled = this.#counter(
    'grpc_server_handled_total',
    'Calls ended, by code',
    'grpc_service',
    'grpc_method',
    'grpc_code',
  );
  readonly handling = this.#histogram(
    'grpc_server_handling_seconds',
    'Time of a call',
    [0.01, 0.1, 1, 10, 100, 1000],
    'grpc_service',
    'grpc_method',
  );
  readonly calls = this.#counter('tributary_client_calls_total', 'Calls of clients that have a name', 'client');
  readonly refused = this.#counter(
    'tributary_connections_refused_total',
    'Connections not taken, or not kept',
    'reason',
  );
  readonly samples = this.#counter('tributary_samples_total', 'Slots filled', 'result');
  readonly stage = this.#histogram('tributary_stage_seconds', 'Time of a sample in a stage', fine, 'stage');
  readonly wait = this.#histogram(
    'tributary_batch_wait_seconds',
    'Time that a stream waited for a batch (side consumer) or for its client to take one (side producer)',
    fine,
    'side',
  );
  readonly bytesSent = this.#counter('tributary_bytes_sent_total', 'Bytes of tensors sent');
  readonly bytesLent = this.#counter('tributary_bytes_lent_total', "Bytes of tensors written into clients' memory");
  readonly streams = new Gauge({
    name: 'tributary_streams_active',
    help: 'Open batch streams',
    registers: [this.registry],
  });
  readonly connections = new Gauge({
    name: 'tributary_connections',
    help: 'Open connections',
    registers: [this.registry],
  });
  readonly load = new Load();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    // A rate of what has never been counted would be nothing, and not 0.
    for (const result of ['ok', 'substituted']) this.samples.inc({ result }, 0);
    for (const reason of ['client', 'rate', 'all', 'silent'] satisfies Refusal[]) this.refused.inc({ reason }, 0);
    const registers = [this.registry];
    const help = 'The version that runs: always 1';
    const aggregator = 'first';
    new Gauge({ name: 'tributary_build_info', help, labelNames: ['version'], registers, aggregator }).set(
      { version },
      1,
    );
  }

  /** Adds the time that one sample spent in each stage. */
  observeStages(seconds: StageSeconds): void {
    let sum = 0;
    for (const [stage, value] of Object.entries(seconds)) {
      this.stage.observe({ stage }, value);
      // Waiting for storage keeps no worker thread busy.
      if (stage !== 'read') sum += value;
    }
    this.load.made(sum);
  }

  /** Shows a replica's queue, memory and caches as they are when asked. */
  watch({ queue, maker, pool, caches, allotment }: Watched): void {
    const now = (): number => performance.now() / 1000;
    this.#gauge('tributary_queue_size', 'Groups of up to four samples that wait for a worker thread', () => queue.size);
    this.#gauge('tributary_queue_pending', 'Groups of up to four samples in worker threads', () => queue.pending);
    this.#gauge('tributary_prepared_bytes', 'Bytes of batches held, being made or kept', () => maker.preparedBytes);
    this.#gauge(
      'tributary_consumer_wait_ratio',
      'Share of the last minute that streams waited for batches',
      () => this.load.waitRatio(now()),
      'max',
    );
    this.#gauge(
      'tributary_replicas_wanted',
      "Replicas like this one that would feed this one's streams",
      () => this.load.wanted(now(), pool.threads),
      // Of a replica's processes each has a part of its threads, and says how many like itself it wants.
      'average',
    );
    this.#gauge('tributary_reserved_bytes', 'Bytes that open streams have reserved', () => maker.budget.reserved);
    if (!caches.state().next().done) this.#watchCaches(caches);
    if (allotment) this.#watchDevice(allotment);
  }

  #watchDevice(allotment: Allotment): void {
    const registers = [this.registry];
    this.#gauge('tributary_device_open', 'Whether the device runs', () => Number(allotment.state().isOpen));
    this.#gauge('tributary_device_queue', 'Cargos that the device has', () => allotment.state().queue);
    new Counter({
      name: 'tributary_device_busy_seconds_total',
      help: 'Seconds in which the device had a cargo',
      registers,
      collect() {
        this.reset();
        this.inc(allotment.state().busySeconds);
      },
    });
    new Counter({
      name: 'tributary_backend_samples_total',
      help: 'Samples by the backend that ran their last steps',
      labelNames: ['backend'],
      registers,
      collect() {
        this.reset();
        for (const [backend, count] of Object.entries(allotment.state().samples)) this.inc({ backend }, count);
      },
    });
  }

  #watchCaches(caches: SampleCaches): void {
    const registers = [this.registry];
    for (const [name, of, help] of [
      ['tributary_cache_bytes', 'bytes', 'Bytes that a cache holds'],
      ['tributary_cache_budget_bytes', 'budget', 'Bytes that a cache may hold'],
    ] as const)
      new Gauge({
        name,
        help,
        labelNames: ['cache'],
        registers,
        collect() {
          for (const cache of caches.state()) this.set({ cache: cache.name }, cache[of]);
        },
      });
    new Counter({
      name: 'tributary_cache_requests_total',
      help: 'Samples asked of a cache',
      labelNames: ['cache', 'result'],
      registers,
      collect() {
        this.reset();
        for (const { name, hits, misses } of caches.state()) {
          this.inc({ cache: name, result: 'hit' }, hits);
          this.inc({ cache: name, result: 'miss' }, misses);
        }
      },
    });
    new Counter({
      name: 'tributary_cache_damaged_total',
      help: 'Files of the cache folder that were not what was written',
      registers,
      collect() {
        this.reset();
        this.inc(caches.damaged);
      },
    });
  }

  #counter<Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: Label[]
  ): Histogram<Label> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }

  /** A gauge that is read when it is asked for. @param aggregator what the processes of a replica make of it together. */
  #gauge(name: string, help: string, read: () => number, aggregator: 'sum' | 'max' | 'average' = 'sum'): void {
    const registers = [this.registry];
    new Gauge({
      name,
      help,
      registers,
      aggregator,
      collect() {
        this.set(read());
      },
    });
  }
}
