import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { TributaryError } from '../errors.js';
import { exhausted } from './failure.js';

/** Where a part of a target is: a host and its port, or a socket of this machine. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly socket: string };

/**
 * The parts of a target: `loader:50051`, `[::1]:50051`, and gRPC's `dns:///loader:50051`, `ipv4:`, `ipv6:` and `unix:`; several
 * with commas between.
 *
 * @throws TributaryError ARGUMENT_INVALID
 */
export function parseTarget(target: string): Endpoint[] {
  return target.split(',').map((part) => {
    const text = part.trim();
    const socket = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1];
    if (socket !== undefined) return { socket };
    const [, host = '', port = ''] =
      /^(?:dns:(?:\/\/\/)?|ipv4:|ipv6:)?(\[[0-9a-fA-F:.%\w]+\]|[^:/[\]]+):(\d{1,5})$/.exec(text) ?? [];
    if (host === '' || Number(port) < 1 || Number(port) > 65_535)
      throw new TributaryError('ARGUMENT_INVALID', {
        expected: 'an address host:port, or several with commas between',
        came: `"${text}"`,
        remedy: 'Name the port as well, as in loader:50051',
        metadata: { address: text },
      });
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
}

/** Whether an endpoint has a name, which may stand for other addresses later. */
export function isName(endpoint: Endpoint): boolean {
  return 'host' in endpoint && isIP(endpoint.host) === 0;
}

/** The addresses that a target stands for now, in gRPC's form with the part that each is from, and names without one. */
export interface Resolved {
  readonly addresses: ReadonlyMap<string, string>;
  readonly failed: ReadonlyMap<string, string>;
}

/**
 * Looks up a target. Addresses that hold on one link only are left out: they name no replica to others.
 *
 * @throws TributaryError CLIENT_EXHAUSTED where this process cannot even ask.
 */
export async function resolve(endpoints: readonly Endpoint[]): Promise<Resolved> {
  const addresses = new Map<string, string>();
  const failed = new Map<string, string>();
  await Promise.all(
    endpoints.map(async (endpoint) => {
      if ('socket' in endpoint) {
        addresses.set(`unix:${endpoint.socket}`, 'localhost');
        return;
      }
      const { host, port } = endpoint;
      const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      try {
        for (const { address, family } of await lookup(host, { all: true }))
          if (family === 4) addresses.set(`ipv4:${address}:${port}`, authority);
          else if (!/^fe[89ab]/i.test(address)) addresses.set(`ipv6:[${address}]:${port}`, authority);
      } catch (error) {
        const own = exhausted(error as Error);
        if (own !== null) throw own;
        failed.set(authority, `the name does not resolve (${(error as NodeJS.ErrnoException).code})`);
      }
    }),
  );
  return { addresses, failed };
}
