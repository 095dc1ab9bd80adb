import { createServer } from 'node:net';
import {
  Server,
  type ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { packageDefinition } from '../contract/contract.js';
import type { PemFiles } from '../contract/pem-files.js';
import { TributaryError } from '../errors.js';
import type { OpenRuns } from '../runs/open-runs.js';
import type { Security } from './credentials.js';
import { loaderService } from './loader-service.js';
import { Metrics } from './metrics.js';
import { type HttpListening, listenOverHttp, type MetricsText, type Readiness } from './metrics-http.js';
import type { Replica } from './replica.js';
import { scheduleService } from './schedule-service.js';
import type { Tokens } from './tokens.js';

/** The health service's name for liveness: it stays SERVING while a replica drains, so that nobody restarts it. */
const liveName = 'live';

/** Where to listen, and how. */
export interface ListenOptions extends Security {
  /** `host:port`; port 0 for any free one. */
  readonly listen: string;
  /** `host:port` of the metrics; absent for none. */
  readonly metricsListen?: string | undefined;
  readonly times?: ConnectionTimes;
}

/** A server that listens. */
export interface Listening {
  /** The port that it got. */
  readonly port: number;
  readonly metricsPort: number | null;
  /** Whether it takes work. */
  readiness(): Readiness | Promise<Readiness>;
  /**
   * Ends it: not ready, streams end after their current batch with SERVER_DRAINING, open calls have `patience`
   * milliseconds, then all is closed.
   */
  drain(patience: number): Promise<void>;
}

/** When connections are looked at, in seconds. */
interface ConnectionTimes {
  /** Silence after which a client is asked whether it is still there, and for its answer. */
  readonly ping: number;
  readonly pong: number;
  /** A connection without calls is closed after this time: its client connects anew where it has one, and looks its name up again. */
  readonly idle: number;
}

/** Without anything done in so many seconds, though there is something to do, a replica is not ready. */
const stalledSeconds = 30;
/** Milliseconds between two looks whether it is, for those who watch its health. */
const healthEvery = 1_000;

const usualTimes: ConnectionTimes = { ping: 30, pong: 10, idle: 300 };

/**
 * A connection with a stream has no greatest age: Node ends a connection whose end was announced (GOAWAY) at the next ping of either
 * side, and its streams with it.
 */
const options = {
  // A request is a few names, or a run that it carries.
  'grpc.max_receive_message_length': 256 << 10,
  // Of one connection: what its client opens at once is read at once.
  'grpc.max_concurrent_streams': 128,
  'grpc.enable_channelz': 0,
};

/** Serves a loader replica. ADDRESS_IN_USE where the port is taken. */
export function serveLoader(replica: Replica, listen: ListenOptions): Promise<Listening> {
  const drain = (): void => replica.draining.abort();
  const isStalled = (): boolean => replica.queue.idleSeconds > stalledSeconds;
  return serve('tributary.v1.LoaderService', loaderService(replica), replica.metrics, listen, drain, isStalled);
}

/** Serves the schedule endpoint. ADDRESS_IN_USE where the port is taken. */
export function serveSchedule(
  runs: OpenRuns,
  log: Logger,
  listen: ListenOptions,
  tokens: Tokens | null = null,
): Promise<Listening> {
  const metrics = new Metrics();
  return serve('tributary.v1.ScheduleService', scheduleService(runs, log, metrics, tokens), metrics, listen, () => {});
}

async function serve(
  name: string,
  handlers: object,
  metrics: Metrics,
  { listen, metricsListen, credentials, pemFiles, times = usualTimes }: ListenOptions,
  beginDrain: () => void,
  isStalled: () => boolean = () => false,
): Promise<Listening> {
  const server = new Server({
    ...options,
    'grpc.keepalive_time_ms': times.ping * 1000,
    'grpc.keepalive_timeout_ms': times.pong * 1000,
    'grpc.max_connection_idle_ms': times.idle * 1000,
  });
  server.addService(packageDefinition[name] as ServiceDefinition, handlers as UntypedServiceImplementation);
  const health = new HealthImplementation({ '': 'SERVING', [name]: 'SERVING', [liveName]: 'SERVING' });
  health.addToServer(server);
  new ReflectionService(packageDefinition, { services: [name] }).addToServer(server);
  const port = await bind(server, listen, credentials);
  let isDraining = false;
  const state = (): Readiness => (isDraining ? 'draining' : isStalled() ? 'stalled' : 'ready');
  let told = state();
  const tellHealth = (): void => {
    if (state() === told) return;
    told = state();
    for (const each of ['', name]) health.setStatus(each, told === 'ready' ? 'SERVING' : 'NOT_SERVING');
  };
  const http = metricsListen === undefined ? null : await listenHttp(metrics.registry, metricsListen, state, pemFiles);
  const looking = setInterval(tellHealth, healthEvery).unref();
  return {
    port,
    metricsPort: http?.port ?? null,
    readiness: state,
    async drain(patience) {
      isDraining = true;
      clearInterval(looking);
      tellHealth();
      beginDrain();
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => {
          server.forceShutdown();
          // A client that does not read would keep its connection open, and this waiting for it.
          setTimeout(resolve, 250);
        }, patience);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
      http?.close();
    },
  };
}

function bind(server: Server, listen: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, port) => {
      if (error === null) return resolve(port);
      // gRPC tells a text and no code: listening there once more has the system say what is wrong.
      const probe = createServer((socket) => socket.destroy()).listen(...hostAndPort(listen));
      probe.once('listening', () => {
        probe.close();
        reject(unlistenable(listen, error));
      });
      probe.once('error', (cause) => reject(unlistenable(listen, cause)));
    });
  });
}

/** Serves metrics and probes over HTTP. ADDRESS_IN_USE where the port is taken. */
export async function listenHttp(
  registry: MetricsText,
  listen: string,
  readiness: Listening['readiness'],
  pemFiles?: PemFiles,
): Promise<HttpListening> {
  try {
    return await listenOverHttp(registry, hostAndPort(listen), readiness, pemFiles);
  } catch (error) {
    throw unlistenable(listen, error as Error);
  }
}

function hostAndPort(listen: string): [port: number, host: string] {
  const colon = listen.lastIndexOf(':');
  return [Number(listen.slice(colon + 1)), listen.slice(0, colon).replace(/^\[|\]$/g, '')];
}

function unlistenable(listen: string, error: NodeJS.ErrnoException): TributaryError {
  const isTaken = error.code === 'EADDRINUSE';
  return new TributaryError(isTaken ? 'ADDRESS_IN_USE' : 'ARGUMENT_INVALID', {
    expected: `to listen on ${listen}`,
    came: error.message,
    remedy: isTaken
      ? 'Choose another port, or stop the process that holds this one'
      : 'Listen on an address and a port that this process may use, as 127.0.0.1:0',
    metadata: { listen },
    cause: error,
  });
}
