import type { Server as HttpServer } from 'node:http';
import {
  Server,
  type ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { contract, packageDefinition } from '../contract/contract.js';
import { TributaryError } from '../errors.js';
import { loaderService } from './loader-service.js';
import type { Metrics } from './metrics.js';
import type { Replica } from './replica.js';
import { scheduleService } from './schedule-service.js';

/** The health service's name for liveness: it stays SERVING while a replica drains, so that nobody restarts it. */
export const liveName = 'live';

/** Where to listen, and how. */
export interface ListenOptions {
  /** `host:port`; port 0 for any free one. */
  readonly listen: string;
  /** `host:port` of the metrics; absent for none. */
  readonly metricsListen?: string;
  readonly credentials: ServerCredentials;
}

/** A server that listens. */
export interface Listening {
  /** The port that it got. */
  readonly port: number;
  readonly metricsPort: number | null;
  /**
   * Ends it: not ready, streams end after their current batch with SERVER_DRAINING, open calls have `patience`
   * milliseconds, then all is closed.
   */
  drain(patience: number): Promise<void>;
}

const options = {
  'grpc.max_receive_message_length': 4 << 20,
  'grpc.max_concurrent_streams': 256,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // A client looks its name up again when a connection ends: so it learns of replicas that were added. Streams go on.
  'grpc.max_connection_age_ms': 30_000,
  'grpc.enable_channelz': 0,
};

/** Serves a loader replica. ADDRESS_IN_USE where the port is taken. */
export function serveLoader(replica: Replica, listen: ListenOptions): Promise<Listening> {
  const service = contract.tributary.v1.LoaderService.service;
  return serve('tributary.v1.LoaderService', service, loaderService(replica), replica.metrics, listen, () =>
    replica.draining.abort(),
  );
}

/** Serves the schedule endpoint. ADDRESS_IN_USE where the port is taken. */
export function serveSchedule(
  ...[runs, log, metrics, listen]: [...Parameters<typeof scheduleService>, ListenOptions]
): Promise<Listening> {
  const service = contract.tributary.v1.ScheduleService.service;
  return serve('tributary.v1.ScheduleService', service, scheduleService(runs, log, metrics), metrics, listen, () => {});
}

async function serve(
  name: string,
  definition: object,
  handlers: object,
  metrics: Metrics,
  { listen, metricsListen, credentials }: ListenOptions,
  beginDrain: () => void,
): Promise<Listening> {
  const server = new Server(options);
  server.addService(definition as ServiceDefinition, handlers as UntypedServiceImplementation);
  const health = new HealthImplementation({ '': 'SERVING', [name]: 'SERVING', [liveName]: 'SERVING' });
  health.addToServer(server);
  new ReflectionService(packageDefinition, { services: [name] }).addToServer(server);
  const port = await bind(server, listen, credentials);
  let ready = true;
  const http = metricsListen === undefined ? null : await listenHttp(metrics, metricsListen, () => ready);
  return {
    port,
    metricsPort: http === null ? null : (http.address() as { port: number }).port,
    async drain(patience) {
      ready = false;
      health.setStatus('', 'NOT_SERVING');
      health.setStatus(name, 'NOT_SERVING');
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
      http?.closeAllConnections();
      http?.close();
    },
  };
}

function bind(server: Server, listen: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(unlistenable(listen, error));
    });
  });
}

async function listenHttp(metrics: Metrics, listen: string, ready: () => boolean): Promise<HttpServer> {
  const colon = listen.lastIndexOf(':');
  try {
    return await metrics.listen(listen.slice(0, colon), Number(listen.slice(colon + 1)), ready);
  } catch (error) {
    throw unlistenable(listen, error as Error);
  }
}

function unlistenable(listen: string, error: Error): TributaryError {
  // gRPC wraps what the system says; its own words help nobody.
  const [, came = error.message] = /errors?: \[(.*)\]$/s.exec(error.message) ?? [];
  const isTaken = came.includes('EADDRINUSE');
  return new TributaryError(isTaken ? 'ADDRESS_IN_USE' : 'ARGUMENT_INVALID', {
    expected: `to listen on ${listen}`,
    came: came.replace(/^listen /, ''),
    remedy: isTaken
      ? 'Choose another port, or stop the process that holds this one'
      : 'Listen on an address and a port that this process may use, as 127.0.0.1:0',
    metadata: { listen },
    cause: error,
  });
}
