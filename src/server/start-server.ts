import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { Settings } from 'node:http2';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { descriptorsOf } from '../batch/worker-pool.js';
import { packageDefinition } from '../contract/contract.js';
import type { PemFiles } from '../contract/pem-files.js';
import { TributaryError } from '../errors.js';
import type { OpenRuns } from '../runs/open-runs.js';
import { addCommonServices } from './common-services.js';
import { Connections, connectionBounds, goAway } from './connections.js';
import type { Security } from './credentials.js';
import { loaderService } from './loader-service.js';
import { Metrics } from './metrics.js';
import { type HttpListening, listenOverHttp, type MetricsText, type Readiness } from './metrics-http.js';
import type { Replica } from './replica.js';
import { scheduleService } from './schedule-service.js';
import type { Tokens } from './tokens.js';

/** Where to listen, and how. */
export interface ListenOptions extends Security {
  /** `host:port`; port 0 for any free one. */
  readonly listen: string;
  /** `host:port` of the metrics; absent for none. */
  readonly metricsListen?: string | undefined;
  readonly times?: ConnectionTimes;
  /** Connections that it bears at a time, of all clients and of one; by what the process may open where absent. */
  readonly connections?: number | undefined;
  readonly clientConnections?: number | undefined;
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
/** Bytes of a call's headers, a token among them: a call of more is reset. A path that nobody serves is echoed. */
const headerBytes = 8 << 10;
/** Open files of a server of schedules beside its connections. */
const filesOfSchedule = 64;
/** Milliseconds between two lines of the log about connections that are refused. */
const tellEvery = 10_000;

/** Serves a loader replica. ADDRESS_IN_USE where the port is taken. */
export function serveLoader(replica: Replica, listen: ListenOptions): Promise<Listening> {
  const drain = (): void => replica.draining.abort();
  const isStalled = (): boolean => replica.queue.idleSeconds > stalledSeconds;
  const watch = { metrics: replica.metrics, log: replica.log, files: descriptorsOf(replica.pool.threads), isStalled };
  return serve('tributary.v1.LoaderService', loaderService(replica), watch, listen, drain);
}

/** Serves the schedule endpoint. ADDRESS_IN_USE where the port is taken. */
export function serveSchedule(
  runs: OpenRuns,
  log: Logger,
  listen: ListenOptions,
  tokens: Tokens | null = null,
): Promise<Listening> {
  const metrics = new Metrics();
  const watch = { metrics, log, files: filesOfSchedule, isStalled: () => false };
  return serve('tributary.v1.ScheduleService', scheduleService(runs, log, metrics, tokens), watch, listen, () => {});
}

/** How a server does, and who is told. */
interface Watch {
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Open files beside connections. */
  readonly files: number;
  readonly isStalled: () => boolean;
}

async function serve(
  name: string,
  handlers: object,
  { metrics, log, files, isStalled }: Watch,
  listening: ListenOptions,
  beginDrain: () => void,
): Promise<Listening> {
  const { listen, metricsListen, credentials, pemFiles, times = usualTimes } = listening;
  const server = new Server({
    ...options,
    'grpc.keepalive_time_ms': times.ping * 1000,
    'grpc.keepalive_timeout_ms': times.pong * 1000,
    'grpc.max_connection_idle_ms': times.idle * 1000,
  });
  server.addService(packageDefinition[name] as ServiceDefinition, handlers as UntypedServiceImplementation);
  const tell = addCommonServices(server, name);
  // Of what Node's HTTP/2 is given gRPC lets one setting be chosen.
  const { commonServerOptions } = server as unknown as { commonServerOptions: { settings: Settings } };
  commonServerOptions.settings.maxHeaderListSize = headerBytes;
  const injector = server.createConnectionInjector(credentials);
  let toldAt = Number.NEGATIVE_INFINITY;
  const connections = new Connections(connectionBounds(listening, files), {
    take: (socket) => injector.injectConnection(socket),
    // By TLS it could be told only after a handshake.
    ...(pemFiles === undefined && { say: goAway }),
    onCount: (change) => metrics.connections.inc(change),
    onRefused(refusal, client) {
      metrics.refused.inc({ reason: refusal });
      if (performance.now() - toldAt < tellEvery) return;
      toldAt = performance.now();
      log.warn({ refusal, client, open: connections.size }, 'connections are refused');
    },
  });
  const doors = await listenOn(listen, (socket) => connections.open(socket));
  let isDraining = false;
  const state = (): Readiness => (isDraining ? 'draining' : isStalled() ? 'stalled' : 'ready');
  let told = state();
  const tellHealth = (): void => {
    if (state() === told) return;
    told = state();
    tell(told === 'ready');
  };
  const http = metricsListen === undefined ? null : await listenHttp(metrics.registry, metricsListen, state, pemFiles);
  const looking = setInterval(tellHealth, healthEvery).unref();
  return {
    port: portOf(doors[0]!),
    metricsPort: http?.port ?? null,
    readiness: state,
    async drain(patience) {
      isDraining = true;
      clearInterval(looking);
      tellHealth();
      beginDrain();
      for (const door of doors) door.close();
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => {
          server.forceShutdown();
          // A client that does not read would keep its connection open, and this waiting for it.
          setTimeout(resolve, 250);
        }, patience);
        // From Node 24 on gRPC calls back before the streams of connections that it did not accept itself have ended.
        server.tryShutdown(async () => {
          await connections.ended();
          clearTimeout(force);
          resolve();
        });
      });
      connections.close();
      http?.close();
    },
  };
}

/** Listens on every address of a name, on one port. @throws TributaryError ADDRESS_IN_USE where it is taken. */
async function listenOn(listen: string, onConnection: (socket: Socket) => void): Promise<NetServer[]> {
  const [port, host] = hostAndPort(listen);
  const open = async (at: number, address: string): Promise<NetServer> => {
    const server = createServer(onConnection);
    server.listen({ port: at, host: address });
    await once(server, 'listening');
    return server;
  };
  try {
    const [first, ...others] = await lookup(host, { all: true });
    const opened = await open(port, first!.address);
    // Of a name like localhost this machine may not have every address.
    const more = await Promise.allSettled(others.map(({ address }) => open(portOf(opened), address)));
    return [opened, ...more.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))];
  } catch (error) {
    throw unlistenable(listen, error as Error);
  }
}

function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
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
