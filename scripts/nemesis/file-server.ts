import { createReadStream, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** How a storage is. */
export type Health =
  | { readonly kind: 'sound' }
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** Answers wait until it is sound again. */
  | { readonly kind: 'hung' }
  /** This part of the requests is answered with 503. */
  | { readonly kind: 'failing'; readonly part: number };

/** A folder's files over HTTP, with ranges, as the storage `http` wants them, which can be slow, hang and fail. */
export interface FileServer {
  readonly port: number;
  health: Health;
  close(): void;
}

/** Serves a folder on loopback. */
export async function serveFiles(folder: string): Promise<FileServer> {
  let requests = 0;
  const server = createServer(async ({ url = '/', method, headers }, response) => {
    while (own.health.kind === 'hung' && !response.destroyed) await wait(100);
    const { health } = own;
    if (health.kind === 'slow') await wait(health.milliseconds);
    if (health.kind === 'failing' && (++requests * 0.618) % 1 < health.part) return void response.writeHead(503).end();
    answer(join(folder, decodeURIComponent(url)), method === 'HEAD', headers.range, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own: FileServer = {
    port: (server.address() as AddressInfo).port,
    health: { kind: 'sound' },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return own;
}

function answer(path: string, isHead: boolean, range: string | undefined, response: ServerResponse): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) return void response.writeHead(404).end();
  const { size, mtime, mtimeMs } = found;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(size - 1, last === undefined || last === '' ? size - 1 : Number(last));
  if (first !== undefined && start >= size)
    return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
  response.writeHead(first === undefined ? 200 : 206, {
    'accept-ranges': 'bytes',
    'content-length': size === 0 ? 0 : end - start + 1,
    etag: `"${size}-${mtimeMs}"`,
    'last-modified': mtime.toUTCString(),
    ...(first !== undefined && { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  if (isHead || size === 0) return void response.end();
  createReadStream(path, { start, end })
    .on('error', () => response.destroy())
    .pipe(response);
}
