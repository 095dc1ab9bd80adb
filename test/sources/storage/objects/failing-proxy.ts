import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** What a proxy does instead of passing an answer on. */
export type Failure =
  | { readonly kind: 'status'; readonly status: number; readonly text: string }
  /** The connection is reset after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** The body is said to be as short as it then is. */
  | { readonly kind: 'short'; readonly bytes: number }
  | { readonly kind: 'hang' }
  /** The body stops after so many bytes, and the connection stays. */
  | { readonly kind: 'stop'; readonly bytes: number };

/** A proxy before a real server. */
export interface FailingProxy {
  readonly port: number;
  /** Asked for each request with its method and path, and whether it has a range; null passes it on. */
  fail: (request: {
    readonly method: string;
    readonly path: string;
    readonly range: string | undefined;
  }) => Failure | null;
  /** Requests so far. */
  requests: number;
}

/** A proxy on loopback. Hosts are passed on as they are, which S3's signatures cover. */
export async function failingProxy(context: Pick<TestContext, 'after'>, target: number): Promise<FailingProxy> {
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    proxy.requests++;
    const { method = 'GET', url: path = '/', headers } = request;
    const failure = proxy.fail({ method, path, range: headers.range });
    if (failure?.kind === 'hang') return;
    if (failure?.kind === 'status') {
      response.writeHead(failure.status, { 'content-type': 'application/xml' }).end(failure.text);
      return;
    }
    const onward = http.request({ port: target, host: '127.0.0.1', method, path, headers, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        if (failure === null) {
          response.writeHead(answer.statusCode!, answer.headers).end(body);
          return;
        }
        const part = body.subarray(0, failure.bytes);
        const length = failure.kind === 'short' ? { 'content-length': part.length } : {};
        response.writeHead(answer.statusCode!, { ...answer.headers, ...length });
        if (failure.kind === 'short') response.end(part);
        else {
          response.flushHeaders();
          response.write(part, () => failure.kind === 'cut' && response.socket?.resetAndDestroy());
        }
      });
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const proxy: FailingProxy = { port: (server.address() as AddressInfo).port, fail: () => null, requests: 0 };
  return proxy;
}
