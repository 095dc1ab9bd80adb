import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { PemFiles } from '../contract/pem-files.js';
import type { Readiness } from '../server/metrics-http.js';
import { type Listening, listenHttp } from '../server/start-server.js';

/** A process that dies sooner than this after its start is started again later each time, in milliseconds. */
const soon = 10_000;
const longestPause = 30_000;
/** What a process has beside its patience, in milliseconds, until it is killed. */
const grace = 2_000;

/** What processes behind one address are started with. */
export interface ProcessesOptions {
  readonly count: number;
  /** `host:port` of the metrics of all; absent for none. */
  readonly metricsListen?: string | undefined;
  readonly pemFiles?: PemFiles | undefined;
  /** What the environment of each has beside this one's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/** Milliseconds in which a process that does well says so. */
const answerWithin = 1_000;
/** What a process is asked, and says, about its readiness. */
const question = 'readiness?';

/** Whether this process is one of several that {@link startProcesses} has started. */
export const isOneOfSeveral = cluster.isWorker;

/** Whether this is the first of them, which speaks for all in the log. */
export const isFirst = (cluster.worker?.id ?? 1) === 1;

/** Shows a process's metrics among those of all. */
export function shareMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries(registry);
  new AggregatorRegistry();
}

/** Tells the first process, when it asks, whether this one takes work. */
export function shareReadiness({ readiness }: Listening): void {
  process.on('message', async (message) => {
    if (message === question) process.send!({ readiness: await readiness() });
  });
}

/**
 * Runs this process's command line in several processes that listen on one address: connections go to them in turn. One that
 * dies is replaced; its clients connect anew, to the others. Metrics are added up over all.
 *
 * The first has to listen before the others are started, so that a mistake is told once: where it ends before, this process
 * ends with its code.
 */
export async function startProcesses(options: ProcessesOptions): Promise<Listening> {
  const { count } = options;
  const children = new Children(options);
  const port = await children.start().catch(({ code }: Ended) => process.exit(code ?? 1));
  await Promise.all(Array.from({ length: count - 1 }, () => children.start()));
  const all = new AggregatorRegistry();
  const { contentType } = all;
  const { metricsListen, pemFiles } = options;
  const readiness = (): Promise<Readiness> => children.readiness();
  const http =
    metricsListen === undefined
      ? null
      : await listenHttp({ contentType, metrics: () => all.clusterMetrics() }, metricsListen, readiness, pemFiles);
  return {
    port,
    metricsPort: http?.port ?? null,
    readiness,
    async drain(patience) {
      await children.end(patience);
      http?.close();
    },
  };
}

/** How a process ended. */
interface Ended {
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: string | null;
}

/** The processes, which are replaced until they are to end. */
class Children {
  readonly #env: Readonly<Record<string, string>>;
  readonly #log: Logger;
  readonly #listening = new Set<Worker>();
  readonly #running = new Set<Worker>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #pause = 0;
  #isEnding = false;

  constructor({ env = {}, log }: ProcessesOptions) {
    this.#env = env;
    this.#log = log;
  }

  /** Whether any of them takes work. One that does not answer is stalled. */
  async readiness(): Promise<Readiness> {
    if (this.#isEnding) return 'draining';
    const all = await Promise.all([...this.#listening].map(readinessOf));
    return all.find((one) => one === 'ready') ?? all.find((one) => one === 'stalled') ?? 'draining';
  }

  /** Starts one, and waits until it listens. Returns its port. Rejects with how it {@link Ended} where it ends before. */
  async start(): Promise<number> {
    const began = performance.now();
    const child = cluster.fork(this.#env);
    this.#running.add(child);
    let port: number | null = null;
    const ended = new Promise<never>((_, reject) => {
      child.once('exit', (code, signal) => {
        this.#running.delete(child);
        this.#listening.delete(child);
        const end: Ended = { pid: child.process.pid, code, signal };
        if (port === null) reject(end);
        else this.#replace(end, performance.now() - began);
      });
    });
    const listening = once(child, 'listening') as Promise<[{ port: number }]>;
    ({ port } = (await Promise.race([listening, ended]))[0]);
    ended.catch(() => {});
    this.#listening.add(child);
    return port;
  }

  #replace(died: Ended, age: number): void {
    if (this.#isEnding) return;
    this.#pause = age < soon ? Math.min(longestPause, Math.max(1_000, this.#pause * 2)) : 0;
    this.#log.error({ ...died, pause: this.#pause / 1000 }, 'process died: another is started');
    const timer = setTimeout(() => {
      this.#pauses.delete(timer);
      this.start().catch((end: Ended) => this.#replace(end, 0));
    }, this.#pause);
    this.#pauses.add(timer);
  }

  /** Has each drain, and kills what has not ended some time after `patience` milliseconds. */
  async end(patience: number): Promise<void> {
    this.#isEnding = true;
    for (const timer of this.#pauses) clearTimeout(timer);
    const exits = [...this.#running].map((child) => once(child, 'exit'));
    for (const child of this.#running) child.process.kill('SIGTERM');
    const force = setTimeout(() => {
      for (const child of this.#running) child.process.kill('SIGKILL');
    }, patience + grace);
    await Promise.all(exits);
    clearTimeout(force);
  }
}

function readinessOf(child: Worker): Promise<Readiness> {
  return new Promise((resolve) => {
    const settle = (readiness: Readiness): void => {
      clearTimeout(timer);
      child.off('message', hear);
      resolve(readiness);
    };
    const hear = (message: { readiness?: Readiness }): void => {
      if (message.readiness !== undefined) settle(message.readiness);
    };
    const timer = setTimeout(settle, answerWithin, 'stalled');
    child.on('message', hear);
    child.send(question, () => {});
  });
}
