import { readFile } from 'node:fs/promises';
import { ServerCredentials } from '@grpc/grpc-js';
import { TributaryError } from '../errors.js';

/** How connections are secured. */
export interface TransportOptions {
  /** `host:port`. */
  readonly listen: string;
  /** PEM files of the server's certificate and key. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** PEM file of the authority that clients' certificates must come from. */
  readonly tlsClientCa?: string | undefined;
  /** Whether other machines may connect without TLS. */
  readonly insecure?: boolean | undefined;
}

/** Whether only this machine can connect. */
export function isLoopback(listen: string): boolean {
  return /^(127\.|localhost:|\[::1\])/.test(listen);
}

/**
 * TLS where a certificate is given; plain where only this machine can connect, or where `insecure` says so.
 *
 * @throws TributaryError ARGUMENT_INVALID otherwise.
 */
export async function serverCredentials({
  listen,
  tlsCert,
  tlsKey,
  tlsClientCa,
  insecure,
}: TransportOptions): Promise<ServerCredentials> {
  if (tlsCert !== undefined && tlsKey !== undefined) {
    const authority = tlsClientCa === undefined ? null : await readPem(tlsClientCa);
    const pair = { cert_chain: await readPem(tlsCert), private_key: await readPem(tlsKey) };
    return ServerCredentials.createSsl(authority, [pair], authority !== null);
  }
  if (tlsCert !== undefined || tlsKey !== undefined)
    throw refuse(
      '--tls-cert and --tls-key together',
      `${tlsCert === undefined ? '--tls-key' : '--tls-cert'} alone`,
      'Give both, or neither',
    );
  if (tlsClientCa !== undefined)
    throw refuse('--tls-cert and --tls-key with --tls-client-ca', '--tls-client-ca alone', 'Give all three, or none');
  if (!isLoopback(listen) && insecure !== true)
    throw refuse(
      'TLS where other machines can connect',
      `--listen ${listen} without it`,
      'Give --tls-cert and --tls-key, listen on 127.0.0.1, or say --insecure if the network is trusted',
    );
  return ServerCredentials.createInsecure();
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw refuse(`to read ${file}`, (error as Error).message, 'Name a PEM file that this process may read');
  }
}

function refuse(expected: string, came: string, remedy: string): TributaryError {
  return new TributaryError('ARGUMENT_INVALID', { expected, came, remedy });
}
