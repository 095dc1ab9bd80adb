import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import type { PemFiles } from '../contract/pem-files.js';
import { Connections } from './connections.js';
import { handshakeTimeout } from './credentials.js';

/** A server of metrics and probes that listens. */
export interface HttpListening {
  readonly port: number;
  close(): void;
}

/** Whether a server takes work; `stalled` where nothing has been done for long though there is something to do. */
export type Readiness = 'ready' | 'stalled' | 'draining';

/** Metrics in Prometheus' text form. */
export interface MetricsText {
  readonly contentType: string;
  metrics(): Promise<string>;
}

const firstByteSeconds = 10;
/** Connections at a time: whoever scrapes and probes has one or two. */
const bounds = { all: 64, ofClient: 16, perSecond: 100 };
/** What a TLS connection begins with. */
const handshake = 22;

/**
 * Serves /metrics, /healthz and /readyz: over HTTPS where there is a certificate, and over plain HTTP on the same port to
 * this machine alone, so that a container's probe needs neither a certificate nor a client of TLS.
 */
export async function listenOverHttp(
  registry: MetricsText,
  [port, host]: readonly [port: number, host: string],
  readiness: () => Readiness | Promise<Readiness>,
  pemFiles?: PemFiles,
): Promise<HttpListening> {
  const answer = answerer(registry, readiness);
  const plain = createHttpServer(answer);
  const secured = createHttpsServer({ handshakeTimeout }, answer);
  const take = pemFiles === undefined ? (socket: Socket) => plain.emit('connection', socket) : sorting;
  const connections = new Connections(bounds, { take });
  const server = createServer((socket) => connections.open(socket));
  pemFiles?.listen(secured, ({ certificate, key }) => secured.setSecureContext({ cert: certificate!, key: key! }));

  function sorting(socket: Socket): void {
    socket.setTimeout(firstByteSeconds * 1000, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => {
      socket.setTimeout(0);
      socket.pause();
      socket.unshift(first);
      if (first[0] === handshake) secured.emit('connection', socket);
      else if (isLoopback(socket)) plain.emit('connection', socket);
      else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nexpected https\n');
      process.nextTick(() => socket.resume());
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    close() {
      pemFiles?.forget(secured);
      connections.close();
      server.close();
    },
  };
}

function answerer(registry: MetricsText, readiness: () => Readiness | Promise<Readiness>): RequestListener {
  return async ({ url }, response) => {
    if (url === '/metrics')
      registry.metrics().then(
        (text) => response.setHeader('content-type', registry.contentType).end(text),
        (error: Error) => response.writeHead(503).end(`expected the metrics, but got ${error.message}\n`),
      );
    else if (url === '/healthz') response.end('ok\n');
    else if (url === '/readyz') {
      const now = await readiness();
      response.writeHead(now === 'ready' ? 200 : 503).end(`${now}\n`);
    } else response.writeHead(404).end('expected /metrics, /healthz or /readyz\n');
  };
}

function isLoopback({ remoteAddress = '' }: Socket): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(remoteAddress);
}
