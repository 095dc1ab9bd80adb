import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { networkFault } from '../objects/network-fault.js';
import { requestsAtOnce } from '../objects/object-storage.js';

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
  readonly body: AsyncIterable<Uint8Array>;
  destroy(): void;
}

const options = { keepAlive: true, maxSockets: requestsAtOnce, scheduling: 'lifo' } as const;
const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };

/** One request over a connection that is used again; redirects are the caller's. @throws StorageFault of the network */
export function askOverHttp(
  { method, url, headers = {} }: HttpRequest,
  shown: string,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const isSafe = url.startsWith('https:');
    const call = (isSafe ? https : http).request(url, {
      method,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'tributary', ...headers },
      agent: agents[isSafe ? 'https:' : 'http:'],
      signal,
    });
    call.on('error', (error) => reject(networkFault(shown, error)));
    call.on('response', (answer) => {
      resolve({
        status: answer.statusCode!,
        headers: answer.headers,
        body: bodyOf(answer, shown),
        destroy: () => void answer.destroy(),
      });
    });
    call.end();
  });
}

/** Fills in the network's faults. */
async function* bodyOf(answer: IncomingMessage, shown: string): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of answer) yield chunk as Uint8Array;
  } catch (error) {
    throw networkFault(shown, error);
  }
}

/** Reads a body to its end and drops it, so that its connection can be used again. */
export async function drain({ body }: HttpAnswer): Promise<void> {
  for await (const _ of body);
}

/** A body as text. */
export async function textOf({ body }: HttpAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
