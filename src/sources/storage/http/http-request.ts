import http, { type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { LRUCache } from 'lru-cache';
import { networkFault } from '../objects/network-fault.js';
import { requestsAtOnce } from '../objects/object-storage.js';
import type { Body } from '../objects/object-store.js';

/** A request without a body. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD';
  /** With names percent-encoded. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a server answered: the status, and a body that is still on its way and must be read or `destroy`ed. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
  destroy(): void;
}

const options = { keepAlive: true, maxSockets: requestsAtOnce, scheduling: 'lifo' } as const;
const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };

/** How servers are reached, by the part of a URL before its path: to take a URL apart costs a tenth of a request. */
const servers = new LRUCache<string, RequestOptions>({ max: 64 });

/** One request over a connection that is used again; redirects are the caller's. @throws StorageFault of the network */
export function askOverHttp(
  { method, url, headers = {} }: HttpRequest,
  shown: string,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { server, path } = placeOf(url);
    const call = (server.protocol === 'https:' ? https : http).request({
      ...server,
      method,
      path,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'tributary', ...headers },
    });
    // A request's own watch of a signal costs as much as all of this.
    const abandon = (): void => void call.destroy(signal.reason);
    signal.addEventListener('abort', abandon, { once: true });
    call.on('close', () => signal.removeEventListener('abort', abandon));
    call.on('error', (error) => reject(networkFault(shown, error)));
    call.on('response', (answer) => {
      resolve({
        status: answer.statusCode!,
        headers: answer.headers,
        body: (take) => readBody(answer, shown, take),
        destroy: () => void answer.destroy(),
      });
    });
    if (signal.aborted) abandon();
    call.end();
  });
}

function placeOf(url: string): { server: RequestOptions; path: string } {
  const [, origin, path] = /^([^:]*:\/\/[^/?#]*)([^#]*)/s.exec(url)!;
  let server = servers.get(origin!);
  if (server === undefined) {
    const { protocol, hostname, port, auth } = urlToHttpOptions(new URL(origin!));
    const agent = agents[protocol === 'https:' ? 'https:' : 'http:'];
    server = { protocol, hostname, agent, ...(port && { port }), ...(auth && { auth }) };
    servers.set(origin!, server);
  }
  return { server, path: path || '/' };
}

/** Fills in the network's faults. */
function readBody(answer: IncomingMessage, shown: string, take: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(networkFault(shown, error));
    if (answer.destroyed && !answer.readableEnded) return fail(answer.errored ?? cut);
    answer.on('error', () => {});
    answer.on('end', resolve);
    answer.on('close', () => answer.readableEnded || fail(answer.errored ?? cut));
    answer.on('data', take);
  });
}

const cut = Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' });

/** Reads a body to its end and drops it, so that its connection can be used again. */
export function drain({ body }: HttpAnswer): Promise<void> {
  return body(() => {});
}

/** A body as text. */
export async function textOf({ body }: Pick<HttpAnswer, 'body'>): Promise<string> {
  const chunks: Uint8Array[] = [];
  await body((chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
