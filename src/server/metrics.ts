import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { BatchMaker } from '../batch/batch-maker.js';
import type { FairQueue } from '../batch/fair-queue.js';
import type { StageSeconds } from '../batch/sample-task.js';
import type { WorkerPool } from '../batch/worker-pool.js';
import type { SampleCaches } from '../cache/sample-caches.js';
import { Load } from './load.js';

const fine = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

/** What of a replica is shown as it is when asked. */
export interface Watched {
  readonly queue: FairQueue;
  readonly maker: BatchMaker;
  readonly pool: WorkerPool;
  readonly caches: SampleCaches;
}

/** A replica's Prometheus metrics. docs/metrics.md explains each under its name. */
export class Metrics {
  readonly registry = new Registry();
  readonly started: Counter<'grpc_service' | 'grpc_method'>;
  readonly handled: Counter<'grpc_service' | 'grpc_method' | 'grpc_code'>;
  readonly handling: Histogram<'grpc_service' | 'grpc_method'>;
  readonly samples: Counter<'result'>;
  readonly stage: Histogram<'stage'>;
  readonly wait: Histogram<'side'>;
  readonly bytesSent: Counter;
  readonly streams: Gauge;
  readonly load = new Load();

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const rpc = ['grpc_service', 'grpc_method'] as const;
    this.started = new Counter({ name: 'grpc_server_started_total', help: 'Calls begun', labelNames: rpc, registers });
    this.handled = new Counter({
      name: 'grpc_server_handled_total',
      help: 'Calls ended, by code',
      labelNames: [...rpc, 'grpc_code'],
      registers,
    });
    this.handling = new Histogram({
      name: 'grpc_server_handling_seconds',
      help: 'Time of a call',
      labelNames: rpc,
      buckets: [0.01, 0.1, 1, 10, 100, 1000],
      registers,
    });
    this.samples = new Counter({
      name: 'tributary_samples_total',
      help: 'Slots filled',
      labelNames: ['result'],
      registers,
    });
    this.stage = new Histogram({
      name: 'tributary_stage_seconds',
      help: 'Time of a sample in a stage',
      labelNames: ['stage'],
      buckets: fine,
      registers,
    });
    this.wait = new Histogram({
      name: 'tributary_batch_wait_seconds',
      help: 'Time that a stream waited for a batch (side consumer) or for its client to take one (side producer)',
      labelNames: ['side'],
      buckets: fine,
      registers,
    });
    this.bytesSent = new Counter({ name: 'tributary_bytes_sent_total', help: 'Bytes of tensors sent', registers });
    this.streams = new Gauge({ name: 'tributary_streams_active', help: 'Open batch streams', registers });
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

  /** Shows a replica's queue and memory as they are when asked. */
  watch(replica: Watched): void {
    const registers = [this.registry];
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    gauge(
      'tributary_queue_size',
      'Groups of up to four samples that wait for a worker thread',
      () => replica.queue.size,
    );
    gauge('tributary_queue_pending', 'Groups of up to four samples in worker threads', () => replica.queue.pending);
    gauge('tributary_prepared_bytes', 'Bytes of batches held, being made or kept', () => replica.maker.preparedBytes);
    const now = (): number => performance.now() / 1000;
    gauge('tributary_consumer_wait_ratio', 'Share of the last minute that streams waited for batches', () =>
      this.load.waitRatio(now()),
    );
    gauge('tributary_replicas_wanted', "Replicas like this one that would feed this one's streams", () =>
      this.load.wanted(now(), replica.pool.threads),
    );
    gauge('tributary_reserved_bytes', 'Bytes that open streams have reserved', () => replica.maker.budget.reserved);
    if (!replica.caches.state().next().done) watchCaches(replica.caches, registers);
  }

  /** Serves /metrics, /healthz and /readyz over HTTP. */
  listen(host: string, port: number, ready: () => boolean): Promise<Server> {
    const server = createServer((request, response) => {
      if (request.url === '/metrics')
        void this.registry
          .metrics()
          .then((text) => response.setHeader('content-type', this.registry.contentType).end(text));
      else if (request.url === '/healthz') response.end('ok\n');
      else if (request.url === '/readyz')
        response.writeHead(ready() ? 200 : 503).end(ready() ? 'ready\n' : 'draining\n');
      else response.writeHead(404).end('expected /metrics, /healthz or /readyz\n');
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve(server));
    });
  }
}

function watchCaches(caches: SampleCaches, registers: Registry[]): void {
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
  new Gauge({
    name: 'tributary_cache_bytes',
    help: 'Bytes that a cache holds',
    labelNames: ['cache'],
    registers,
    collect() {
      for (const { name, bytes } of caches.state()) this.set({ cache: name }, bytes);
    },
  });
  new Gauge({
    name: 'tributary_cache_budget_bytes',
    help: 'Bytes that a cache may hold',
    labelNames: ['cache'],
    registers,
    collect() {
      for (const { name, budget } of caches.state()) this.set({ cache: name }, budget);
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
